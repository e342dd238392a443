package dev.diptych.kernels.doctor;

import dev.diptych.kernels.memory.Cost;
import dev.diptych.kernels.memory.Floats;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** One op of the CPU on one size: its operands, its kernel, and what the double reference says. */
final class CpuOp {
  final String name;
  final Cost cost;
  private final double tolerance;
  private final Random random;
  private final List<Floats> outputs = new ArrayList<>();
  private final List<double[]> expected = new ArrayList<>();
  private Runnable kernel = () -> {};

  /**
   * An op without operands as yet.
   *
   * @param tolerance the largest error, relative to the larger of 1 and an output's root mean
   *     square
   */
  CpuOp(String name, Cost cost, double tolerance) {
    this.name = name;
    this.cost = cost;
    this.tolerance = tolerance;
    random = new Random(name.hashCode());
  }

  /** {@code length} operands from N(0, 1), exactly f32 numbers. */
  double[] normal(int length) {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** The same numbers as f32. */
  static Floats floats(double... values) {
    Floats floats = Floats.zeros(values.length);
    for (int i = 0; i < values.length; i++) {
      floats.array()[i] = (float) values[i];
    }
    return floats;
  }

  /** Adds an output: what the kernel writes, beside what the reference wrote. */
  void hold(Floats output, double[] reference) {
    outputs.add(output);
    expected.add(reference);
  }

  /** Sets what runs the kernel once. */
  void runs(Runnable once) {
    kernel = once;
  }

  /** Runs the kernel. */
  void run() {
    kernel.run();
  }

  double tolerance() {
    return tolerance;
  }

  /** The largest error of what the first run wrote; NaN if it wrote one. */
  double error() {
    double worst = 0;
    for (int i = 0; i < outputs.size(); i++) {
      double[] right = expected.get(i);
      Floats found = outputs.get(i);
      double squares = 0;
      double most = 0;
      for (int j = 0; j < right.length; j++) {
        squares += right[j] * right[j];
        double error = Math.abs(found.array()[found.offset() + j] - right[j]);
        most = Math.max(most, error); // which a NaN wins
      }
      worst = Math.max(worst, most / Math.max(1, Math.sqrt(squares / right.length)));
    }
    return worst;
  }
}
