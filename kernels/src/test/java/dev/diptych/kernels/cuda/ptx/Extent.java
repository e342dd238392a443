package dev.diptych.kernels.cuda.ptx;

/** A size in three directions: of a grid in blocks, or of a block in threads. */
public record Extent(int x, int y, int z) {
  /** {@code x} in the first direction and 1 in the others. */
  public static Extent of(int x) {
    return new Extent(x, 1, 1);
  }

  /** {@code x·y}. */
  public static Extent of(int x, int y) {
    return new Extent(x, y, 1);
  }

  long count() {
    return (long) x * y * z;
  }

  /** The place of number {@code index}, counted along x first. */
  Extent at(long index) {
    return new Extent((int) (index % x), (int) (index / x % y), (int) (index / ((long) x * y)));
  }

  @Override
  public String toString() {
    return "(" + x + "," + y + "," + z + ")";
  }
}
