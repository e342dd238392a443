/**
 * The rectifier (Nair and Hinton 2010).
 *
 * <pre>
 * Equation   y = max(x, 0)
 * Shapes     x, y (N)
 * Traffic    read x once, write y once: 8·N bytes → memory-bound
 * Backward   dx = dy where y &gt; 0, else 0
 * </pre>
 */
@NullMarked
package dev.diptych.kernels.relu;

import org.jspecify.annotations.NullMarked;
