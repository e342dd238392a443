/**
 * Softmax and log-softmax of the rows of a matrix.
 *
 * <pre>
 * Equation   y_j = exp(x_j − lse),  lse = max(x) + log Σ_j exp(x_j − max(x));  log: y_j = x_j − lse
 * Shapes     x, y (N, C)
 * Traffic    read x once, write y once: 8·N·C bytes → memory-bound
 * Method     one row at a time, which stays in L1: maximum, exponentials and their sum, then write
 * Backward   softmax: dx_j = y_j·(dy_j − Σ_l dy_l·y_l);  log: dx_j = dy_j − exp(y_j)·Σ_l dy_l
 * </pre>
 *
 * <p>An element −∞ has probability 0. A row that is all −∞, or holds +∞ or NaN, becomes NaN.
 *
 * <p>Read {@code SoftmaxReference} first: it is the equations in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.softmax;

import org.jspecify.annotations.NullMarked;
