package dev.diptych.kernels.meantoken;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.reduce.ReduceCpu;
import dev.diptych.kernels.reduce.ReduceDims;
import dev.diptych.kernels.simd.Lanes;

/** The tokens of attention pooling, a picture per task. */
public final class MeanTokenCpu {
  private MeanTokenCpu() {}

  /**
   * y_b,0 = pos_0 + mean_t x_b,t; y_b,1+t = pos_1+t + x_b,t.
   *
   * @param x (B, T, C), T ≥ 1
   * @param positions (1+T, C)
   * @param y (B, 1+T, C), written
   */
  public static void forward(MeanTokenDims d, Floats x, Floats positions, Floats y) {
    assert x.length() == d.b() * d.t() * d.c() && positions.length() == (d.t() + 1) * d.c();
    assert y.length() == d.b() * positions.length();
    int tokens = d.t() * d.c();
    Parallel.run(
        d.b(),
        b -> {
          Floats own = x.slice(b * tokens, tokens);
          Floats mean = y.slice(b * (tokens + d.c()), d.c());
          mean.fill(0);
          for (int t = 0; t < d.t(); t++) {
            Lanes.accumulate(mean, own.slice(t * d.c(), d.c()));
          }
          scale(mean, 1f / d.t());
          y.slice(b * (tokens + d.c()) + d.c(), tokens).copyFrom(own);
          Lanes.accumulate(y.slice(b * (tokens + d.c()), tokens + d.c()), positions);
        });
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param dy (B, 1+T, C)
   * @param dx (B, T, C), written; not dy
   * @param dPositions (1+T, C), added to
   */
  public static void backward(MeanTokenDims d, Floats dy, Floats dx, Floats dPositions) {
    int tokens = d.t() * d.c();
    assert dx.length() == d.b() * tokens && dPositions.length() == tokens + d.c();
    assert dy.length() == d.b() * dPositions.length();
    ReduceCpu.sumRows(new ReduceDims(d.b(), tokens + d.c()), 1, dy, dPositions);
    Parallel.run(
        d.b(),
        b -> {
          Floats share = Floats.of(dy.slice(b * (tokens + d.c()), d.c()).toArray());
          scale(share, 1f / d.t());
          Floats own = dx.slice(b * tokens, tokens);
          own.copyFrom(dy.slice(b * (tokens + d.c()) + d.c(), tokens));
          for (int t = 0; t < d.t(); t++) {
            Lanes.accumulate(own.slice(t * d.c(), d.c()), share);
          }
        });
  }

  private static void scale(Floats x, float factor) {
    for (int i = x.offset(); i < x.end(); i++) {
      x.array()[i] *= factor;
    }
  }
}
