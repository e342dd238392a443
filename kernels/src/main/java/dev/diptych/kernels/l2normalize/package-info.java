/**
 * Rows brought to length one (CLIP paper, figure 3: {@code l2_normalize}).
 *
 * <pre>
 * Equation   y = x/‖x‖,  ‖x‖ = √(Σ x²);  a row of zeros stays a row of zeros
 * Shapes     x, y (N, C); saves 1/‖x‖ (N)
 * Traffic    read x once, write y once: 8·N·C bytes → memory-bound
 * Method     one row at a time, which stays in L1; where squares leave the range of f32, in double
 * Backward   dx = (dy − y·(y·dy))/‖x‖: what is left of dy after its part along y is taken away
 * </pre>
 *
 * <p>The original divides without an ε, and so does this; only the row of zeros, 0/0 there and NaN
 * in everything after it, is defined here: it has no direction, its cosine to every other row is 0,
 * and no gradient reaches it.
 *
 * <p>Read {@code L2NormalizeReference} first: it is the equation in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.l2normalize;

import org.jspecify.annotations.NullMarked;
