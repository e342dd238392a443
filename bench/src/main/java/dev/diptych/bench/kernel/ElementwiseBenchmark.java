package dev.diptych.bench.kernel;

import dev.diptych.kernels.elementwise.ElementwiseCpu;
import dev.diptych.kernels.elementwise.ElementwiseDims;
import dev.diptych.kernels.elementwise.Operation;
import dev.diptych.kernels.memory.Floats;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Element-wise operations: a residual (N = 1), a bias (C = 768) and a number (C = 1). */
public class ElementwiseBenchmark extends KernelBenchmark {
  /** N×C: b has C elements and is used N times. */
  @Param({"1x1228800", "1600x768", "1228800x1"})
  public String shape = "";

  /** What is done. */
  @Param({"ADD", "MULTIPLY"})
  public Operation operation = Operation.ADD;

  private ElementwiseDims d = ElementwiseDims.same(0);
  private Floats a = Floats.zeros(0);
  private Floats b = a;
  private Floats y = a;
  private Floats da = a;
  private Floats db = a;

  /** Fills the operands. */
  @Setup
  public void fill() {
    int cross = shape.indexOf('x');
    d =
        new ElementwiseDims(
            Integer.parseInt(shape.substring(0, cross)),
            Integer.parseInt(shape.substring(cross + 1)));
    a = random(d.size());
    b = random(d.c());
    y = random(d.size());
    da = random(d.size());
    db = random(d.c());
  }

  /** y = a ∘ b. */
  @Benchmark
  public Floats forward(Work work) {
    ElementwiseCpu.forward(d, operation, a, b, y);
    work.add(d.forwardCost());
    return y;
  }

  /** Both gradients. */
  @Benchmark
  public Floats backward(Work work) {
    ElementwiseCpu.backward(d, operation, a, b, y, da, db);
    work.add(d.backwardCost());
    return da;
  }
}
