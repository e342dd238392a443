/**
 * Pictures from planes of one colour each to pixels of all colours, the layout in which
 * convolutions read whole runs of neighbours.
 *
 * <pre>
 * Equation   y_b,s,c = x_b,c,s
 * Shapes     x (B, C, S) with S = H·W; y (B, S, C)
 * Traffic    read x once, write y once: 8·B·C·S bytes → memory-bound
 * Backward   dx_b,c,s = dy_b,s,c
 * </pre>
 */
@NullMarked
package dev.diptych.kernels.channelslast;

import org.jspecify.annotations.NullMarked;
