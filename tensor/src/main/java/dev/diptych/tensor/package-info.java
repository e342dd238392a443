/**
 * Tensors: an n-dimensional view of storage that a scope owns.
 *
 * <p>Read {@link dev.diptych.tensor.Shape}, {@link dev.diptych.tensor.Tensor} and {@link
 * dev.diptych.tensor.TensorScope} in that order. Mathematics lives in {@code op}: one file per op,
 * which checks shapes, allocates the result in a scope and hands the memory to the kernel of the
 * device. Nothing here knows gradients.
 */
@NullMarked
package dev.diptych.tensor;

import org.jspecify.annotations.NullMarked;
