/**
 * Tensors in files: safetensors and NumPy's npy, written atomically; and, read through a mapping,
 * safetensors and in {@link dev.diptych.tensor.io.torch} PyTorch's.
 */
@NullMarked
package dev.diptych.tensor.io;

import org.jspecify.annotations.NullMarked;
