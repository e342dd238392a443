/**
 * Models in files. Names of other people's checkpoints ({@code ln_1}, {@code c_fc}) stay in here: a
 * model's own parameters carry our names, and {@link dev.diptych.clip.weights.Layout} maps them, to
 * read and to write.
 */
@NullMarked
package dev.diptych.clip.weights;

import org.jspecify.annotations.NullMarked;
