package dev.diptych.kernels.averagepool;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/** Average pooling with the Vector API on all threads. */
public final class AveragePoolCpu {
  private AveragePoolCpu() {}

  /**
   * y = the mean of each square of K×K pixels.
   *
   * @param x (B, H, W, C)
   * @param y (B, ⌊H/K⌋, ⌊W/K⌋, C), written
   */
  public static void forward(AveragePoolDims d, Floats x, Floats y) {
    assert x.length() == d.inputFloats() && y.length() == d.outputFloats();
    float share = 1f / (d.k() * d.k());
    Parallel.rows(
        d.b() * d.outHeight(),
        Parallel.rowsPerTask(d.k() * d.width() * d.c()),
        (begin, end) -> {
          for (int row = begin; row < end; row++) { // of y, through all pictures
            int line = row / d.outHeight() * d.height() + row % d.outHeight() * d.k();
            for (int column = 0; column < d.outWidth(); column++) {
              int from = x.offset() + (line * d.width() + column * d.k()) * d.c();
              int to = y.offset() + (row * d.outWidth() + column) * d.c();
              mean(d, x.array(), from, share, y.array(), to);
            }
          }
        });
  }

  private static void mean(AveragePoolDims d, float[] x, int from, float share, float[] y, int to) {
    int bound = SPECIES.loopBound(d.c());
    for (int c = 0; c < bound; c += Lanes.COUNT) {
      FloatVector sum = FloatVector.zero(SPECIES);
      for (int u = 0; u < d.k(); u++) {
        for (int v = 0; v < d.k(); v++) {
          sum = sum.add(FloatVector.fromArray(SPECIES, x, from + (u * d.width() + v) * d.c() + c));
        }
      }
      sum.mul(share).intoArray(y, to + c);
    }
    for (int c = bound; c < d.c(); c++) {
      float sum = 0;
      for (int u = 0; u < d.k(); u++) {
        for (int v = 0; v < d.k(); v++) {
          sum += x[from + (u * d.width() + v) * d.c() + c];
        }
      }
      y[to + c] = sum * share;
    }
  }

  /**
   * dx = dy/K² of the square that a pixel lies in, zero where it lies in none.
   *
   * @param dy (B, ⌊H/K⌋, ⌊W/K⌋, C)
   * @param dx (B, H, W, C), written
   */
  public static void backward(AveragePoolDims d, Floats dy, Floats dx) {
    assert dx.length() == d.inputFloats() && dy.length() == d.outputFloats();
    float share = 1f / (d.k() * d.k());
    int line = d.width() * d.c();
    int used = d.outWidth() * d.k() * d.c();
    Parallel.rows(
        d.b() * d.height(),
        Parallel.rowsPerTask(line),
        (begin, end) -> {
          for (int row = begin; row < end; row++) { // of x, through all pictures
            int to = dx.offset() + row * line;
            int outRow = row % d.height() / d.k();
            if (outRow < d.outHeight()) {
              int from = row / d.height() * d.outHeight() + outRow;
              spread(d, dy, from, share, dx.array(), to);
              Arrays.fill(dx.array(), to + used, to + line, 0);
            } else {
              Arrays.fill(dx.array(), to, to + line, 0);
            }
          }
        });
  }

  private static void spread(
      AveragePoolDims d, Floats dy, int row, float share, float[] dx, int to) {
    for (int column = 0; column < d.outWidth() * d.k(); column++) {
      int from = dy.offset() + (row * d.outWidth() + column / d.k()) * d.c();
      scale(d.c(), dy.array(), from, share, dx, to + column * d.c());
    }
  }

  private static void scale(int c, float[] dy, int from, float share, float[] dx, int to) {
    int bound = SPECIES.loopBound(c);
    for (int i = 0; i < bound; i += Lanes.COUNT) {
      FloatVector.fromArray(SPECIES, dy, from + i).mul(share).intoArray(dx, to + i);
    }
    for (int i = bound; i < c; i++) {
      dx[to + i] = dy[from + i] * share;
    }
  }
}
