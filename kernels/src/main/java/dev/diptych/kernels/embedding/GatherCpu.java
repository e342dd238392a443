package dev.diptych.kernels.embedding;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Arrays;

/** Picking one row per batch item, on all threads. */
public final class GatherCpu {
  private GatherCpu() {}

  /**
   * y_b = x_b,index(b).
   *
   * @param x (B, T, C)
   * @param index (B), each in [0, T): the caller has checked
   * @param y (B, C), written
   */
  public static void forward(GatherDims d, Floats x, int[] index, Floats y) {
    assert x.length() == d.b() * d.t() * d.c() && y.length() == d.b() * d.c();
    assert index.length == d.b();
    for (int b = 0; b < d.b(); b++) {
      assert index[b] >= 0 && index[b] < d.t();
      System.arraycopy(
          x.array(),
          x.offset() + (b * d.t() + index[b]) * d.c(),
          y.array(),
          y.offset() + b * d.c(),
          d.c());
    }
  }

  /**
   * dx_b,index(b) = dy_b, zero elsewhere.
   *
   * @param index (B), as given to {@link #forward}
   * @param dy (B, C)
   * @param dx (B, T, C), written
   */
  public static void backward(GatherDims d, int[] index, Floats dy, Floats dx) {
    assert dx.length() == d.b() * d.t() * d.c() && dy.length() == d.b() * d.c();
    assert index.length == d.b();
    Parallel.rows(
        d.b(),
        Parallel.rowsPerTask(d.t() * d.c()),
        (begin, end) -> {
          for (int b = begin; b < end; b++) {
            int item = dx.offset() + b * d.t() * d.c();
            Arrays.fill(dx.array(), item, item + d.t() * d.c(), 0);
            System.arraycopy(
                dy.array(), dy.offset() + b * d.c(), dx.array(), item + index[b] * d.c(), d.c());
          }
        });
  }
}
