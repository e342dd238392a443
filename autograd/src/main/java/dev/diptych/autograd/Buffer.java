package dev.diptych.autograd;

import dev.diptych.tensor.Tensor;

/**
 * A tensor of a model that is saved and loaded with its weights but not trained by gradients, such
 * as the running statistics of batch normalisation. Announced by {@link
 * Parameters.Builder#addBuffer}.
 */
public final class Buffer {
  private final String name;
  private Tensor value;

  Buffer(String name, Tensor value) {
    this.name = name;
    this.value = value;
  }

  /** The name, such as {@code vision.stem.norm1.runningMean}; unique in its model. */
  public String name() {
    return name;
  }

  /** The current value, changed in place. */
  public Tensor value() {
    return value;
  }

  void bind(Tensor moved) {
    value = moved;
  }
}
