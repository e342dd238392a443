package dev.diptych.kernels.cuda;

/** The launches of kernels that treat elements or rows one by one; the numbers of common.cuh. */
public final class Grids {
  private static final int THREADS = 256;
  private static final int PACK = 4;
  private static final int ROW_THREADS = 128;
  private static final int WARP = 32;

  private Grids() {}

  /** A thread for every pack of four elements. */
  public static Launch elements(long n) {
    return Launch.of(Math.toIntExact(Math.ceilDiv(n, (long) THREADS * PACK)), THREADS);
  }

  /** A warp for every row. */
  public static Launch warpPerRow(int rows) {
    return Launch.of(Math.ceilDiv(rows, ROW_THREADS / WARP), ROW_THREADS);
  }

  /** A block for every row. */
  public static Launch blockPerRow(int rows) {
    return Launch.of(rows, ROW_THREADS);
  }
}
