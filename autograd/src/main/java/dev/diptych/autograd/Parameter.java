package dev.diptych.autograd;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A named weight of a model, one segment of the flat block of {@link Parameters}. It has a value
 * once {@link Parameters.Builder#build} has laid out the block.
 */
public final class Parameter {
  private final String name;
  private final Shape shape;
  private final Initialiser initialiser;
  private @Nullable Var var;
  private int offset;

  Parameter(String name, Shape shape, Initialiser initialiser) {
    this.name = name;
    this.shape = shape;
    this.initialiser = initialiser;
  }

  /** The name, such as {@code vision.blocks.0.mlp.expand.weight}; unique in its model. */
  public String name() {
    return name;
  }

  /** The shape. */
  public Shape shape() {
    return shape;
  }

  /**
   * Whether AdamW decays it: weights with two axes or more do; gains, biases and {@code
   * logit_scale} do not (CLIP paper §2.5: "weight decay applied to all weights that are not gains
   * or biases").
   */
  public boolean decays() {
    return shape.rank() >= 2;
  }

  /** The value in a computation; its gradient is this parameter's segment of the gradients. */
  public Var var() {
    Var built = var;
    if (built == null) {
      throw new IllegalStateException("the parameter " + name + " is used before it was built");
    }
    return built;
  }

  /** The current value, shared with the flat block. */
  public Tensor value() {
    return var().value();
  }

  Initialiser initialiser() {
    return initialiser;
  }

  /** Where it begins in the flat block. */
  int offset() {
    return offset;
  }

  void bind(int from, Var bound) {
    offset = from;
    var = bound;
  }
}
