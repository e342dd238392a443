package dev.diptych.kernels.stridedcopy;

/** Strided copies in plain loops of double. Oracle of {@link StridedCopyCuda}. */
public final class StridedCopyReference {
  private StridedCopyReference() {}

  /**
   * y is the view of x, written out.
   *
   * @param x of at least {@link StridedCopyDims#extent} elements
   * @param y of the view's size, written
   */
  public static void forward(StridedCopyDims d, double[] x, double[] y) {
    for (int i = 0; i < y.length; i++) {
      y[i] = x[place(d, i)];
    }
  }

  /** dx at each element's place += scale·dy. */
  public static void backward(StridedCopyDims d, double scale, double[] dy, double[] dx) {
    for (int i = 0; i < dy.length; i++) {
      dx[place(d, i)] += scale * dy[i];
    }
  }

  /** Where element i of the view lies. */
  private static int place(StridedCopyDims d, int i) {
    int at = d.offset();
    for (int axis = d.rank() - 1; axis >= 0; axis--) {
      at += i % d.dims()[axis] * d.strides()[axis];
      i /= d.dims()[axis];
    }
    return at;
  }
}
