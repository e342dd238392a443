package dev.diptych.tensor;

import dev.diptych.kernels.cuda.Precision;

/** Where a {@link TensorScope} takes its memory from, one kind for each device. */
sealed interface Blocks permits HostBlocks, CudaBlocks {
  /** Memory for {@code length} elements, not set. */
  Storage take(int length, Precision precision);

  /** Takes back what {@link #take} returned. */
  void give(Storage storage);

  /** Takes everything back and keeps it for the next. */
  void rewind();

  /** Takes everything back and lets it go. */
  void close();

  /** How many bytes {@code storage} is counted as. */
  long bytes(Storage storage);
}
