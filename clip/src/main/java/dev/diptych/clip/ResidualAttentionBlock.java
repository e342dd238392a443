package dev.diptych.clip;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.AttentionFunction;
import dev.diptych.autograd.nn.LayerNorm;
import dev.diptych.autograd.nn.Mlp;
import dev.diptych.autograd.nn.SelfAttention;
import dev.diptych.kernels.gelu.Activation;

/**
 * A pre-norm Transformer block: x + attention(norm(x)), then x + mlp(norm(x)), with an MLP of 4C.
 * Weights start as in the original {@code initialize_parameters}: deviations C^-½ for the input of
 * attention, (2C)^-½ for the expansion, and C^-½·(2L)^-½ for the two layers that write into the
 * residual stream of L blocks.
 */
final class ResidualAttentionBlock {
  final LayerNorm attentionNorm;
  final SelfAttention attention;
  final LayerNorm mlpNorm;
  final Mlp mlp;

  ResidualAttentionBlock(
      Parameters.Builder parameters,
      String name,
      int width,
      int heads,
      int layers,
      boolean causal,
      Activation activation) {
    Initialiser intoStream = Initialiser.normal(1 / Math.sqrt(2.0 * width * layers));
    attentionNorm = new LayerNorm(parameters, name + ".attentionNorm", width);
    attention =
        new SelfAttention(
            parameters,
            name + ".attention",
            width,
            heads,
            causal,
            Initialiser.normal(1 / Math.sqrt(width)),
            intoStream);
    mlpNorm = new LayerNorm(parameters, name + ".mlpNorm", width);
    mlp =
        new Mlp(
            parameters,
            name + ".mlp",
            width,
            4 * width,
            activation,
            Initialiser.normal(1 / Math.sqrt(2.0 * width)),
            intoStream);
  }

  /** x (B, T, C) → (B, T, C). Without recording, x is discarded. */
  Var forward(Tape tape, Var x) {
    return forward(tape, x, Functions::attention);
  }

  /** The same with another function in place of {@link Functions#attention}. */
  Var forward(Tape tape, Var x, AttentionFunction attend) {
    Var normed = attentionNorm.forward(tape, x); // (B, T, C)
    Var attended = attention.forward(tape, normed, x, attend); // (B, T, C)
    tape.discard(normed);
    tape.discard(x);
    Var normedAgain = mlpNorm.forward(tape, attended); // (B, T, C)
    Var y = mlp.forward(tape, normedAgain, attended); // (B, T, C)
    tape.discard(normedAgain);
    tape.discard(attended);
    return y;
  }
}
