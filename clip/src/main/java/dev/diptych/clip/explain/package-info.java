/**
 * Where in a picture a model finds a text: {@link dev.diptych.clip.explain.PictureExplainer} makes
 * a {@link dev.diptych.clip.explain.HeatMap} of a picture, {@link
 * dev.diptych.clip.explain.PointingGame} measures how far such maps can be trusted.
 */
@NullMarked
package dev.diptych.clip.explain;

import org.jspecify.annotations.NullMarked;
