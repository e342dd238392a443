package dev.diptych.autograd;

import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Elementwise;
import org.jspecify.annotations.Nullable;

/**
 * A value in a computation and, if asked for, the gradient of the loss with respect to it. Made by
 * a {@link Tape}, or as a parameter by {@link Parameters}.
 */
public final class Var {
  private final Tensor value;
  private final boolean needsGradient;
  private @Nullable Tensor gradient;

  private Var(Tensor value, boolean needsGradient) {
    this.value = value;
    this.needsGradient = needsGradient;
  }

  /** A value that no gradient is wanted for. */
  public static Var constant(Tensor value) {
    return new Var(value, false);
  }

  /** A value whose gradient is wanted. */
  public static Var variable(Tensor value) {
    return new Var(value, true);
  }

  /** A value whose gradient is added to {@code gradient}, which outlives the tape. */
  static Var parameter(Tensor value, Tensor gradient) {
    Var parameter = new Var(value, true);
    parameter.gradient = gradient;
    return parameter;
  }

  /** The value. */
  public Tensor value() {
    return value;
  }

  /** Whether a backward pass computes the gradient of this value. */
  public boolean needsGradient() {
    return needsGradient;
  }

  /** The gradient, or null as long as nothing has flowed back to this value. */
  public @Nullable Tensor gradient() {
    return gradient;
  }

  /**
   * Adds {@code contribution} to the gradient. The first contribution is kept as it is, not copied:
   * the caller must not use its storage for anything else afterwards. Dropped if this value needs
   * no gradient.
   */
  public void addGradient(Tensor contribution) {
    if (!needsGradient) {
      return;
    }
    Tensor sum = gradient;
    if (sum == null) {
      gradient = contribution;
    } else {
      Elementwise.accumulate(sum, contribution, 1);
    }
  }

  /**
   * The gradient as a tensor to add to, zero if nothing has been added yet. For kernels that add by
   * themselves, as those of parameters do. A value that needs no gradient gives a tensor that
   * nobody looks at.
   */
  public Tensor gradientToAddTo(TensorScope scope) {
    Tensor sum = gradient;
    if (sum == null) {
      sum = scope.zerosLike(value);
      if (needsGradient) {
        gradient = sum;
      }
    }
    return sum;
  }

  void forgetGradient() {
    gradient = null;
  }
}
