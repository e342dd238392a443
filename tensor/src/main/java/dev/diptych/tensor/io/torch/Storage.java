package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * A block of bytes that tensors are views of, or a part of one, as the pickle describes it.
 *
 * @param key its name in the file
 * @param dtype its element type, {@code null} if each tensor says its own
 * @param begin its first byte in the block
 * @param bytes its length
 */
record Storage(String key, @Nullable DType dtype, long begin, long bytes) {}
