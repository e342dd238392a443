/**
 * The tokens of attention pooling: pixels as tokens with their mean in front, plus positions (CLIP
 * paper §2.3.2: "the query is conditioned on the global average-pooled representation").
 *
 * <pre>
 * Equation   y_b,0 = pos_0 + 1/T Σ_t x_b,t;  y_b,1+t = pos_1+t + x_b,t
 * Shapes     x (B, T, C); pos (1+T, C); y (B, 1+T, C)
 * Traffic    read x once, write y once → memory-bound
 * Backward   dx_b,t = dy_b,1+t + dy_b,0/T;  dpos = Σ_b dy_b
 * </pre>
 */
@NullMarked
package dev.diptych.kernels.meantoken;

import org.jspecify.annotations.NullMarked;
