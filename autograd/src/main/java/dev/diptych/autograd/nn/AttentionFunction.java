package dev.diptych.autograd.nn;

import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;

/**
 * How the tokens of a sequence hear each other inside {@link SelfAttention}: {@link
 * dev.diptych.autograd.Functions#attention} as a rule, something else to watch or to replace it.
 */
@FunctionalInterface
public interface AttentionFunction {
  /**
   * What each token hears.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of {@code heads} heads
   * @param causal whether token t sees the tokens 0 to t alone
   * @return (B, T, C)
   */
  Var attend(Tape tape, Var qkv, int heads, boolean causal);
}
