package dev.diptych.kernels.gelu;

import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;

/** The activation between the two linear layers of a transformer's MLP. */
public enum Activation {
  /** x·sigmoid(1.702·x), of the original CLIP. */
  QUICK_GELU,
  /** x·Φ(x) with the exact normal distribution function Φ, of most later models. */
  GELU;

  /** The activation of every lane. */
  public FloatVector apply(FloatVector x) {
    return switch (this) {
      case QUICK_GELU -> VectorMath.quickGelu(x);
      case GELU -> VectorMath.gelu(x);
    };
  }

  /** The derivative of the activation at every lane. */
  public FloatVector derivative(FloatVector x) {
    return switch (this) {
      case QUICK_GELU -> VectorMath.quickGeluDerivative(x);
      case GELU -> VectorMath.geluDerivative(x);
    };
  }
}
