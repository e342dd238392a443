/**
 * A view of memory written out in full, and back: transposed, sliced and broadcast tensors become
 * contiguous ones, and what is repeated collects the gradients of its repetitions.
 *
 * <pre>
 * Equation   y_i = x at offset + Σ_axis i_axis·stride_axis;  i runs over all axes, row-major
 * Shapes     y (D_0, …, D_r), up to eight axes that do not merge; strides of x in elements, 0 where
 *            an element is repeated along the axis
 * Traffic    read x once, write y once: 8·ΠD bytes at most in f32 → memory-bound
 * Method     axes that follow one another in x become one; elements that do, packs of up to 16 bytes
 * Backward   dx at the same place += s·Σ dy_i over the axes of stride 0
 * </pre>
 *
 * <p>On the CPU this is the tensors' own business: views are copied there, row by row.
 */
@NullMarked
package dev.diptych.kernels.stridedcopy;

import org.jspecify.annotations.NullMarked;
