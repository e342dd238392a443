package dev.diptych.kernels.embedding;

/** The embedding in plain loops of double. Oracle of {@link EmbeddingCpu}. */
public final class EmbeddingReference {
  private EmbeddingReference() {}

  /**
   * y_bt = table_id(b,t) + positions_t.
   *
   * @param ids (B, T), each in [0, V)
   * @param table (V, C)
   * @param positions (T, C)
   * @param y (B, T, C), written
   */
  public static void forward(
      EmbeddingDims d, int[] ids, double[] table, double[] positions, double[] y) {
    for (int row = 0; row < d.tokens(); row++) {
      for (int c = 0; c < d.c(); c++) {
        y[row * d.c() + c] = table[ids[row] * d.c() + c] + positions[row % d.t() * d.c() + c];
      }
    }
  }

  /** dTable and dPositions are added to. */
  public static void backward(
      EmbeddingDims d, int[] ids, double[] dy, double[] dTable, double[] dPositions) {
    for (int row = 0; row < d.tokens(); row++) {
      for (int c = 0; c < d.c(); c++) {
        dTable[ids[row] * d.c() + c] += dy[row * d.c() + c];
        dPositions[row % d.t() * d.c() + c] += dy[row * d.c() + c];
      }
    }
  }
}
