package dev.diptych.autograd.nn;

import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.tensor.Shape;

/** A square two-dimensional convolution without a bias, that keeps the size at stride 1. */
public final class Conv2d {
  private final Parameter weight;
  private final int stride;
  private final int padding;

  /**
   * Announces {@code name.weight} (outputs, inputs, kernel, kernel), drawn evenly between
   * ±1/√fan-in as PyTorch does.
   *
   * @param kernel height and width, odd
   */
  public Conv2d(
      Parameters.Builder parameters, String name, int inputs, int outputs, int kernel, int stride) {
    this.stride = stride;
    padding = kernel / 2;
    Initialiser uniform = Initialiser.uniform(1 / Math.sqrt((double) inputs * kernel * kernel));
    weight = parameters.add(name + ".weight", Shape.of(outputs, inputs, kernel, kernel), uniform);
  }

  /** x (B, H, W, inputs) → (B, ⌈H/stride⌉, ⌈W/stride⌉, outputs). */
  public Var forward(Tape tape, Var x) {
    return Convolutions.conv2d(tape, x, weight.var(), stride, padding);
  }
}
