package dev.diptych.autograd;

import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.op.Attention;
import dev.diptych.tensor.op.LayerNorm;
import dev.diptych.tensor.op.Softmax;
import org.jspecify.annotations.Nullable;

/** The differentiable functions of layers: one short method per op of {@code tensor.op}. */
public final class Functions {
  private Functions() {}

  /**
   * Layer normalisation over the innermost axis, y = (x − μ)·rstd·w + b.
   *
   * @param x (…, C)
   * @param w (C)
   * @param b (C)
   */
  public static Var layerNorm(Tape tape, Var x, Var w, Var b, float epsilon) {
    LayerNorm.Result saved =
        LayerNorm.forward(tape.scope(), x.value(), w.value(), b.value(), epsilon);
    return tape.record(
        saved.y(),
        new Var[] {x, w, b},
        dy ->
            x.addGradient(
                LayerNorm.backward(
                    tape.scope(),
                    x.value(),
                    w.value(),
                    epsilon,
                    saved,
                    dy,
                    w.gradientToAddTo(tape.scope()),
                    b.gradientToAddTo(tape.scope()))),
        saved.mean(),
        saved.rstd());
  }

  /**
   * Multi-head self-attention on a packed projection, without the linear maps around it.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of H heads side by side
   * @param heads H, a divisor of C
   * @param causal whether token t sees the tokens 0 to t alone
   * @return (B, T, C)
   */
  public static Var attention(Tape tape, Var qkv, int heads, boolean causal) {
    return attention(tape, qkv, heads, causal, null);
  }

  /**
   * Multi-head self-attention on a packed projection, of sequences that differ in length.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of H heads side by side
   * @param heads H, a divisor of C
   * @param causal whether token t sees the tokens 0 to t alone
   * @param keyLengths (B) how many tokens of each sequence may be seen, or null for all
   * @return (B, T, C)
   */
  public static Var attention(
      Tape tape, Var qkv, int heads, boolean causal, int @Nullable [] keyLengths) {
    Attention.Result saved =
        Attention.forward(tape.scope(), qkv.value(), heads, causal, keyLengths);
    return tape.record(
        saved.y(),
        new Var[] {qkv},
        dy ->
            qkv.addGradient(
                Attention.backward(
                    tape.scope(), qkv.value(), heads, causal, keyLengths, saved, dy)),
        saved.lse());
  }

  /**
   * Multi-head attention of queries to keys and values from elsewhere, without the linear maps
   * around it.
   *
   * @param q (B, Tq, C), of H heads side by side
   * @param k (B, Tk, C)
   * @param v (B, Tk, C)
   * @param heads H, a divisor of C
   * @param keyLengths (B) how many keys of each sequence count, or null for all
   * @return (B, Tq, C)
   */
  public static Var attention(
      Tape tape, Var q, Var k, Var v, int heads, int @Nullable [] keyLengths) {
    Attention.Result saved =
        Attention.forward(tape.scope(), q.value(), k.value(), v.value(), heads, keyLengths);
    return tape.record(
        saved.y(),
        new Var[] {q, k, v},
        dy -> {
          Attention.Gradients gradients =
              Attention.backward(
                  tape.scope(), q.value(), k.value(), v.value(), heads, keyLengths, saved, dy);
          q.addGradient(gradients.dq());
          k.addGradient(gradients.dk());
          v.addGradient(gradients.dv());
        },
        saved.lse());
  }

  /**
   * Softmax over the innermost axis, y = exp(x)/Σ exp(x).
   *
   * @param x (…, C)
   */
  public static Var softmax(Tape tape, Var x) {
    Tensor y = Softmax.forward(tape.scope(), x.value());
    return tape.record(
        y, new Var[] {x}, dy -> x.addGradient(Softmax.backward(tape.scope(), y, dy)));
  }

  /**
   * The logarithm of softmax over the innermost axis, y = x − log Σ exp(x).
   *
   * @param x (…, C)
   */
  public static Var logSoftmax(Tape tape, Var x) {
    Tensor y = Softmax.logForward(tape.scope(), x.value());
    return tape.record(
        y, new Var[] {x}, dy -> x.addGradient(Softmax.logBackward(tape.scope(), y, dy)));
  }
}
