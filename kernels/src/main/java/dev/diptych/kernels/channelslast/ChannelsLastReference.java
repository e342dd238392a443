package dev.diptych.kernels.channelslast;

/** The permutation in double. Oracle of {@link ChannelsLastCpu}. */
public final class ChannelsLastReference {
  private ChannelsLastReference() {}

  /** y_b,s,c = x_b,c,s. */
  public static void forward(ChannelsLastDims d, double[] x, double[] y) {
    for (int i = 0; i < d.size(); i++) {
      y[i] = x[plane(d, i)];
    }
  }

  /** dx_b,c,s = dy_b,s,c. */
  public static void backward(ChannelsLastDims d, double[] dy, double[] dx) {
    for (int i = 0; i < d.size(); i++) {
      dx[plane(d, i)] = dy[i];
    }
  }

  /** Where element i of y lies in x. */
  private static int plane(ChannelsLastDims d, int i) {
    int b = i / (d.s() * d.c());
    return (b * d.c() + i % d.c()) * d.s() + i / d.c() % d.s();
  }
}
