package dev.diptych.clip;

import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.BatchNorm;
import dev.diptych.autograd.nn.Conv2d;

/** A convolution and its batch normalisation: what a ResNet is made of. */
final class NormalisedConvolution {
  private final Conv2d convolution;
  private final BatchNorm norm;

  /** Announces the layers {@code convolution} and {@code norm}; {@code gain} is the norm's. */
  NormalisedConvolution(
      Parameters.Builder parameters,
      String convolution,
      String norm,
      int inputs,
      int outputs,
      int kernel,
      int stride,
      float gain) {
    this.convolution = new Conv2d(parameters, convolution, inputs, outputs, kernel, stride);
    this.norm = new BatchNorm(parameters, norm, outputs, gain);
  }

  /** norm(convolution(x)); x (B, H, W, inputs) → (B, ⌈H/stride⌉, ⌈W/stride⌉, outputs). */
  Var forward(Tape tape, Var x) {
    Var convolved = convolution.forward(tape, x);
    Var y = norm.forward(tape, convolved);
    tape.discard(convolved);
    return y;
  }

  /** The same, rectified. */
  Var forwardRelu(Tape tape, Var x) {
    Var normed = forward(tape, x);
    Var y = Convolutions.relu(tape, normed);
    tape.discard(normed);
    return y;
  }
}
