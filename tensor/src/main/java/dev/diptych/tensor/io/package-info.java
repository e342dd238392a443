/**
 * Tensors in files, read through a mapping: safetensors, also written, atomically, and in {@link
 * dev.diptych.tensor.io.torch} PyTorch's.
 */
@NullMarked
package dev.diptych.tensor.io;

import org.jspecify.annotations.NullMarked;
