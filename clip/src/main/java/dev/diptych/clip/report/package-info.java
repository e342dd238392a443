/**
 * What a run has to show, for people: one page that needs nothing beside itself, and the same as
 * plain text.
 *
 * <p>A {@link Report} is data: a headline, figures, and {@link Section}s (curves, a similarity
 * matrix, a gallery of pictures with ranked captions, tables). {@link HtmlReport} writes it as one
 * file with inline charts and pictures and no script, {@link TextReport} for a terminal. {@link
 * CurveChart} draws the charts, {@link dev.diptych.clip.image.PngEncoder} packs the pictures.
 *
 * <p>{@link ProgressLine} tells on the way how far a piece of work is.
 */
@NullMarked
package dev.diptych.clip.report;

import org.jspecify.annotations.NullMarked;
