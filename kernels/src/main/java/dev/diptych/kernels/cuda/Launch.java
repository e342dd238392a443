package dev.diptych.kernels.cuda;

/**
 * How many threads a kernel is started with.
 *
 * @param gridX blocks in x; up to 2³¹ − 1
 * @param gridY blocks in y; up to 65,535
 * @param gridZ blocks in z; up to 65,535
 * @param blockX threads of a block in x
 * @param blockY threads of a block in y
 * @param blockZ threads of a block in z; x·y·z up to 1024
 * @param sharedBytes dynamic shared memory of a block
 */
public record Launch(
    int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
  private static final int MOST_THREADS = 1024;
  private static final int MOST_BLOCKS_Y_OR_Z = 65_535;

  /**
   * Checks the limits that every GPU has.
   *
   * @throws IllegalArgumentException if one is passed
   */
  public Launch {
    if (gridX < 0
        || gridY < 0
        || gridZ < 0
        || gridY > MOST_BLOCKS_Y_OR_Z
        || gridZ > MOST_BLOCKS_Y_OR_Z) {
      throw new IllegalArgumentException(
          "grid ("
              + gridX
              + ", "
              + gridY
              + ", "
              + gridZ
              + ") is beyond (2147483647, 65535, 65535)");
    }
    if (blockX < 1
        || blockY < 1
        || blockZ < 1
        || (long) blockX * blockY * blockZ > MOST_THREADS
        || sharedBytes < 0) {
      throw new IllegalArgumentException(
          "block (" + blockX + ", " + blockY + ", " + blockZ + ") must have 1 to 1024 threads");
    }
  }

  /** {@code blocks} blocks of {@code threads} threads. */
  public static Launch of(int blocks, int threads) {
    return new Launch(blocks, 1, 1, threads, 1, 1, 0);
  }

  /** The same threads in a grid of two or three dimensions. */
  public Launch withGrid(int x, int y, int z) {
    return new Launch(x, y, z, blockX, blockY, blockZ, sharedBytes);
  }

  /** The same threads with this much dynamic shared memory for each block. */
  public Launch withShared(int bytes) {
    return new Launch(gridX, gridY, gridZ, blockX, blockY, blockZ, bytes);
  }

  /** Whether there is nothing to do. */
  public boolean isEmpty() {
    return gridX == 0 || gridY == 0 || gridZ == 0;
  }

  /** Threads of a block. */
  public int threads() {
    return blockX * blockY * blockZ;
  }

  @Override
  public String toString() {
    String shape = "grid (" + gridX + ", " + gridY + ", " + gridZ + "), block (";
    shape += blockX + ", " + blockY + ", " + blockZ + ")";
    return sharedBytes == 0 ? shape : shape + ", " + sharedBytes + " bytes of shared memory";
  }
}
