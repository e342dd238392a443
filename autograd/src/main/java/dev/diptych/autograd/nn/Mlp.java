package dev.diptych.autograd.nn;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.kernels.gelu.Activation;

/** The position-wise network of a Transformer block: C → hidden → C. */
public final class Mlp {
  private final Linear expand;
  private final Linear contract;
  private final Activation activation;

  /** Announces the layers {@code name.expand} and {@code name.contract}. */
  public Mlp(
      Parameters.Builder parameters,
      String name,
      int channels,
      int hidden,
      Activation activation,
      Initialiser expandWeights,
      Initialiser contractWeights) {
    this.activation = activation;
    expand =
        new Linear(
            parameters,
            name + ".expand",
            channels,
            hidden,
            expandWeights,
            Initialiser.uniform(1 / Math.sqrt(channels)));
    contract =
        new Linear(
            parameters,
            name + ".contract",
            hidden,
            channels,
            contractWeights,
            Initialiser.uniform(1 / Math.sqrt(hidden)));
  }

  /** residual + contract(activation(expand(x))); x and residual (…, C). */
  public Var forward(Tape tape, Var x, Var residual) {
    return Functions.mlp(
        tape,
        x,
        expand.weight.var(),
        expand.bias.var(),
        activation,
        contract.weight.var(),
        contract.bias.var(),
        residual);
  }
}
