package dev.diptych.kernels.channelslast;

import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;

/** The permutation by transposing runs of pixels, on all threads. */
public final class ChannelsLastCpu {
  private static final int PIXELS_PER_TASK = 4096;

  private ChannelsLastCpu() {}

  /**
   * y_b,s,c = x_b,c,s.
   *
   * @param x (B, C, S)
   * @param y (B, S, C), written; not x
   */
  public static void forward(ChannelsLastDims d, Floats x, Floats y) {
    assert x.length() == d.size() && y.length() == d.size();
    forEachRun(
        d,
        (b, first, count) ->
            Panels.transpose(
                x.array(),
                x.offset() + b * d.c() * d.s() + first,
                d.s(),
                d.c(),
                count,
                y.array(),
                y.offset() + (b * d.s() + first) * d.c(),
                d.c()));
  }

  /**
   * dx_b,c,s = dy_b,s,c.
   *
   * @param dy (B, S, C)
   * @param dx (B, C, S), written; not dy
   */
  public static void backward(ChannelsLastDims d, Floats dy, Floats dx) {
    assert dy.length() == d.size() && dx.length() == d.size();
    forEachRun(
        d,
        (b, first, count) ->
            Panels.transpose(
                dy.array(),
                dy.offset() + (b * d.s() + first) * d.c(),
                d.c(),
                count,
                d.c(),
                dx.array(),
                dx.offset() + b * d.c() * d.s() + first,
                d.s()));
  }

  /** Pixels {@code first ≤ s < first + count} of picture b. */
  private interface Run {
    void move(int b, int first, int count);
  }

  private static void forEachRun(ChannelsLastDims d, Run run) {
    int runs = Math.ceilDiv(d.s(), PIXELS_PER_TASK);
    Parallel.run(
        d.b() * runs,
        task -> {
          int first = (int) ((long) d.s() * (task % runs) / runs);
          int end = (int) ((long) d.s() * (task % runs + 1) / runs);
          run.move(task / runs, first, end - first);
        });
  }
}
