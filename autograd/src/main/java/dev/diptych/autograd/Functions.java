package dev.diptych.autograd;

import dev.diptych.tensor.op.LayerNorm;

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
}
