/**
 * Tensors in files: safetensors, read through a mapping, and NumPy's npy; both written atomically.
 */
@NullMarked
package dev.diptych.tensor.io;

import org.jspecify.annotations.NullMarked;
