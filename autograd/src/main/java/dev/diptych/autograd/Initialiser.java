package dev.diptych.autograd;

import dev.diptych.kernels.memory.Floats;
import java.util.random.RandomGenerator;

/** How a parameter gets its first values. */
@FunctionalInterface
public interface Initialiser {
  /** Sets all elements of {@code values}. */
  void fill(Floats values, RandomGenerator random);

  /** Every element the same. */
  static Initialiser constant(float value) {
    return (values, random) -> values.fill(value);
  }

  /** Independent draws from N(0, deviation²). */
  static Initialiser normal(double deviation) {
    return (values, random) -> {
      for (int i = values.offset(); i < values.end(); i++) {
        values.array()[i] = (float) (deviation * random.nextGaussian());
      }
    };
  }

  /** Independent draws, even between −bound and bound. */
  static Initialiser uniform(double bound) {
    return (values, random) -> {
      for (int i = values.offset(); i < values.end(); i++) {
        values.array()[i] = (float) random.nextDouble(-bound, bound);
      }
    };
  }
}
