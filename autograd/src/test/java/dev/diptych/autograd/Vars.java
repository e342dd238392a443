package dev.diptych.autograd;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;

/** Values for gradient checks. */
final class Vars {
  private Vars() {}

  /** A variable with elements from N(0, 1), the same for a seed. */
  static Var normal(long seed, Shape shape) {
    return Var.variable(Tensor.of(normals(seed, shape.size()), shape));
  }

  static float[] normals(long seed, int length) {
    Philox random = new Philox(seed, 0);
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** Σ y_i·w_i with fixed random w: a number whose gradient reaches every element of y. */
  static Var weightedSum(Tape tape, Var y) {
    float[] w = normals(99, y.value().size());
    float[] values = y.value().toArray();
    double sum = 0;
    for (int i = 0; i < w.length; i++) {
      sum += (double) values[i] * w[i];
    }
    return tape.record(
        tape.scalar((float) sum).value(),
        new Var[] {y},
        dy -> {
          Tensor dx = tape.scope().allocate(y.value().shape());
          float scale = dy.item();
          for (int i = 0; i < w.length; i++) {
            dx.floats().array()[dx.floats().offset() + i] = scale * w[i];
          }
          y.addGradient(dx);
        });
  }
}
