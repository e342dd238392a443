package dev.diptych.autograd.nn;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.tensor.Shape;

/** y = x·Wᵀ + b, on its own or fused with what follows it in a Transformer. */
public final class Linear {
  final Parameter weight;
  final Parameter bias;

  /** Announces {@code name.weight} (outputs, inputs) and {@code name.bias} (outputs). */
  public Linear(
      Parameters.Builder parameters,
      String name,
      int inputs,
      int outputs,
      Initialiser weights,
      Initialiser biases) {
    weight = parameters.add(name + ".weight", Shape.of(outputs, inputs), weights);
    bias = parameters.add(name + ".bias", Shape.of(outputs), biases);
  }

  /** x (…, inputs) → (…, outputs). */
  public Var forward(Tape tape, Var x) {
    return Functions.linear(tape, x, weight.var(), bias.var());
  }

  /** x (…, inputs) → residual + x·Wᵀ + b (…, outputs). */
  public Var forward(Tape tape, Var x, Var residual) {
    return Functions.linear(tape, x, weight.var(), bias.var(), residual);
  }
}
