package dev.diptych.autograd.nn;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;

/** Multi-head self-attention (Vaswani et al. 2017, §3.2.2), causal or not. */
public final class SelfAttention {
  private final Linear input;
  private final Linear output;
  private final int heads;
  private final boolean causal;

  /**
   * Announces {@code name.input}, the projections to queries, keys and values stacked (3C, C), and
   * {@code name.output} (C, C).
   */
  public SelfAttention(
      Parameters.Builder parameters,
      String name,
      int channels,
      int heads,
      boolean causal,
      Initialiser inputWeights,
      Initialiser outputWeights) {
    if (channels % heads != 0) {
      throw new IllegalArgumentException(
          "%s: %d channels do not divide into %d heads".formatted(name, channels, heads));
    }
    this.heads = heads;
    this.causal = causal;
    Initialiser zero = Initialiser.constant(0);
    input = new Linear(parameters, name + ".input", channels, 3 * channels, inputWeights, zero);
    output = new Linear(parameters, name + ".output", channels, channels, outputWeights, zero);
  }

  /** residual + attention(x); x and residual (B, T, C). */
  public Var forward(Tape tape, Var x, Var residual) {
    return forward(tape, x, residual, Functions::attention);
  }

  /** The same with another function in place of {@link Functions#attention}. */
  public Var forward(Tape tape, Var x, Var residual, AttentionFunction attention) {
    Var qkv = input.forward(tape, x); // (B, T, 3C)
    Var heard = attention.attend(tape, qkv, heads, causal); // (B, T, C)
    tape.discard(qkv);
    Var y = output.forward(tape, heard, residual); // (B, T, C)
    tape.discard(heard);
    return y;
  }
}
