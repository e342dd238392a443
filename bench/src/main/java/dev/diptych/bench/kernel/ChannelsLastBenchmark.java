package dev.diptych.bench.kernel;

import dev.diptych.kernels.channelslast.ChannelsLastCpu;
import dev.diptych.kernels.channelslast.ChannelsLastDims;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Pictures of 224² pixels on their way into RN50. */
public class ChannelsLastBenchmark extends KernelBenchmark {
  /** Pictures. */
  @Param({"1", "32"})
  public int b;

  private ChannelsLastDims d = new ChannelsLastDims(0, 3, 224 * 224);
  private Floats x = Floats.zeros(0);
  private Floats y = x;

  /** Fills the operands. */
  @Setup
  public void fill() {
    d = new ChannelsLastDims(b, 3, 224 * 224);
    x = random(d.size());
    y = random(d.size());
  }

  /** y. */
  @Benchmark
  public Floats forward(Work work) {
    ChannelsLastCpu.forward(d, x, y);
    work.add(d.cost());
    return y;
  }

  /** All gradients. */
  @Benchmark
  public Floats backward(Work work) {
    ChannelsLastCpu.backward(d, y, x);
    work.add(d.cost());
    return x;
  }
}
