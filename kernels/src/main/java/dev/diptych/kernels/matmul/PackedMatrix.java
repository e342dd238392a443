package dev.diptych.kernels.matmul;

/**
 * The operand B of a product, packed once into panels so that later products need not: the weights
 * of a model that only answers and no longer learns. Made by {@link MatmulCpu#pack}; a copy, which
 * does not follow later changes of B.
 */
public final class PackedMatrix {
  private final int n;
  private final int k;
  private final float[] panels;

  PackedMatrix(int n, int k, float[] panels) {
    this.n = n;
    this.k = k;
    this.panels = panels;
  }

  /**
   * A matrix that its caller has packed.
   *
   * @param n columns of op(B)
   * @param k rows of op(B)
   * @param panels as {@link Panels} lays them out, from the front; the array may be longer
   */
  public static PackedMatrix of(int n, int k, float[] panels) {
    assert panels.length >= Panels.length(n, k);
    return new PackedMatrix(n, k, panels);
  }

  /** Columns of op(B). */
  public int n() {
    return n;
  }

  /** Rows of op(B). */
  public int k() {
    return k;
  }

  /** Bytes of heap that it holds. */
  public long bytes() {
    return 4L * panels.length;
  }

  /** The panels of {@link Panels}, whole depth each. */
  float[] panels() {
    return panels;
  }
}
