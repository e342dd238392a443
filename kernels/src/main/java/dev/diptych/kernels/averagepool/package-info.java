/**
 * Average pooling without overlap, of pictures whose channels lie side by side.
 *
 * <pre>
 * Equation   y_b,i,j,c = 1/K² Σ_u,v&lt;K x_b,(i·K+u),(j·K+v),c
 * Shapes     x (B, H, W, C); y (B, ⌊H/K⌋, ⌊W/K⌋, C); rows and columns left over count nowhere
 * Traffic    read x once, write y once → memory-bound
 * Backward   dx_b,i,j,c = dy_b,⌊i/K⌋,⌊j/K⌋,c / K², zero for what is left over
 * </pre>
 */
@NullMarked
package dev.diptych.kernels.averagepool;

import org.jspecify.annotations.NullMarked;
