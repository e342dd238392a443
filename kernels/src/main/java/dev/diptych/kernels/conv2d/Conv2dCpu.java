package dev.diptych.kernels.conv2d;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.matmul.TileKernels.MAX_ROWS;

import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.PackedMatrix;
import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;

/**
 * Convolution as a matrix product whose left side is gathered on the way, on all threads. Every sum
 * runs in an order that depends on the sizes alone.
 */
public final class Conv2dCpu {
  /** The most rows that one task gathers: as many as a row block of a plain product has. */
  private static final int ROWS_PER_TASK = 16 * MAX_ROWS;

  /** The most floats of rows that one task gathers: 4 MiB. */
  private static final int FLOATS_PER_TASK = 1 << 20;

  /** Tasks are made smaller until there are so many. */
  private static final int TASKS = 32;

  /** The least rows of im2col that are summed into dW at a time: the depth of its product. */
  private static final int ROWS_PER_SUM = 512;

  /** Floats of im2col that are summed into dW at a time, if ROWS_PER_SUM does not need more. */
  private static final int FLOATS_PER_SUM = 1 << 20;

  /** Floats of rows on their way into panels: they stay in L1. */
  private static final int FLOATS_IN_L1 = 4096;

  private Conv2dCpu() {}

  /**
   * y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c.
   *
   * @param x (B, H, W, C)
   * @param w (O, C, KH, KW)
   * @param y (B, OH, OW, O), written
   */
  public static void forward(Conv2dDims d, Floats x, Floats w, Floats y) {
    check(d, x, w, y);
    if (d.isMatmul()) {
      MatmulCpu.multiply(matmul(d), x, w, y, Epilogue.NONE);
      return;
    }
    float[] panels = Scratch.mine().packed(KernelWeights.length(d));
    multiply(Windows.forward(d), d.rows(), x, KernelWeights.forward(d, w, panels), y);
  }

  /**
   * The gradient of x.
   *
   * @param dy (B, OH, OW, O)
   * @param dx (B, H, W, C), written; not dy
   */
  public static void backwardInput(Conv2dDims d, Floats w, Floats dy, Floats dx) {
    check(d, dx, w, dy);
    if (d.isMatmul()) {
      MatmulCpu.backwardA(matmul(d), w, dy, dx, Epilogue.NONE);
      return;
    }
    float[] panels = Scratch.mine().packed(KernelWeights.length(d));
    int rows = d.b() * d.height() * d.width();
    multiply(Windows.backward(d), rows, dy, KernelWeights.backward(d, w, panels), dx);
  }

  /**
   * Adds the gradient of W.
   *
   * @param x (B, H, W, C)
   * @param dy (B, OH, OW, O)
   * @param dw (O, C, KH, KW), added to
   */
  public static void backwardWeight(Conv2dDims d, Floats x, Floats dy, Floats dw) {
    check(d, x, dw, dy);
    if (d.isMatmul()) {
      MatmulCpu.backwardB(matmul(d), x, dy, dw, Epilogue.ACCUMULATE);
      return;
    }
    if (d.rows() == 0 || d.weightFloats() == 0) {
      return;
    }
    Windows windows = Windows.forward(d);
    int depth = d.depth();
    int most = Math.min(d.rows(), Math.max(ROWS_PER_SUM, FLOATS_PER_SUM / depth));
    float[] panels = Scratch.mine().packed(Panels.length(depth, most));
    Floats gradient = new Floats(Scratch.mine().gradient(d.weightFloats()), 0, d.weightFloats());
    for (int begin = 0; begin < d.rows(); begin += most) {
      int first = begin;
      int count = Math.min(most, d.rows() - begin);
      Parallel.rows(
          count,
          Parallel.rowsPerTask(depth),
          (from, to) -> packRows(windows, x, first, from, to, panels, count));
      MatmulCpu.multiply(
          MatmulDims.of(d.o(), depth, count, true, false),
          dy.slice(begin * d.o(), count * d.o()),
          PackedMatrix.of(depth, count, panels),
          gradient, // (O, KH·KW·C)
          begin == 0 ? Epilogue.NONE : Epilogue.ACCUMULATE);
    }
    KernelWeights.addGradient(d, gradient, dw);
  }

  private static void check(Conv2dDims d, Floats x, Floats w, Floats y) {
    assert x.length() == d.inputFloats() && w.length() == d.weightFloats();
    assert y.length() == d.outputFloats();
  }

  /** y = x·Wᵀ, (pixels, C)·(O, C)ᵀ. */
  private static MatmulDims matmul(Conv2dDims d) {
    return MatmulDims.of(d.rows(), d.o(), d.c(), false, true);
  }

  /** target (rows, N) = im2col(source)·weights. */
  private static void multiply(
      Windows windows, int rows, Floats source, PackedMatrix weights, Floats target) {
    int depth = windows.depth();
    int n = weights.n();
    int stride = stride(depth);
    int tasks = tasks(rows, stride);
    Parallel.run(
        tasks,
        task -> {
          int begin = (int) ((long) rows * task / tasks);
          int count = (int) ((long) rows * (task + 1) / tasks) - begin;
          float[] gathered = Scratch.mine().rows(count * stride);
          for (int i = 0; i < count; i++) {
            windows.gather(source.array(), source.offset(), begin + i, gathered, i * stride);
          }
          MatmulCpu.multiply(
              MatmulDims.of(count, n, depth, false, false).withRowStrides(stride, n, n),
              new Floats(gathered, 0, count * stride),
              weights,
              target.slice(begin * n, count * n),
              Epilogue.NONE);
        });
  }

  /** A row stride for {@code depth} floats; rows 4 KiB apart would share a few lines of L1. */
  private static int stride(int depth) {
    int stride = (depth + 15) / 16 * 16;
    return stride % 256 == 0 ? stride + 16 : stride;
  }

  /** One task for so few rows that the product had better share out the columns; else many. */
  private static int tasks(int rows, int stride) {
    int most = Math.clamp(FLOATS_PER_TASK / stride, MAX_ROWS, ROWS_PER_TASK);
    if (rows <= most) {
      return rows == 0 ? 0 : 1;
    }
    int tiles = Math.ceilDiv(rows, TASKS * MAX_ROWS); // per task, if there were TASKS
    return Math.ceilDiv(rows, Math.min(most, tiles * MAX_ROWS));
  }

  /** Gathers the rows first + from ≤ row &lt; first + to into panels of {@code count} rows. */
  private static void packRows(
      Windows windows, Floats x, int first, int from, int to, float[] panels, int count) {
    int depth = windows.depth();
    int step = Math.max(1, FLOATS_IN_L1 / depth);
    float[] gathered = Scratch.mine().rows(step * depth);
    for (int begin = from; begin < to; begin += step) {
      int rows = Math.min(step, to - begin);
      for (int i = 0; i < rows; i++) {
        windows.gather(x.array(), x.offset(), first + begin + i, gathered, i * depth);
      }
      for (int k = 0; k < depth; k += COLUMNS) {
        int columns = Math.min(COLUMNS, depth - k);
        int panel = k * count + begin * COLUMNS;
        Panels.packPanel(gathered, k, depth, columns, rows, panels, panel);
      }
    }
  }
}
