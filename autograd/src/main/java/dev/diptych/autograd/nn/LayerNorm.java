package dev.diptych.autograd.nn;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.tensor.Shape;

/** Layer normalisation over the innermost axis with a learned gain and bias (Ba et al. 2016). */
public final class LayerNorm {
  private static final float EPSILON = 1e-5f;

  private final Parameter weight;
  private final Parameter bias;

  /** Announces {@code name.weight} (C), ones, and {@code name.bias} (C), zeros. */
  public LayerNorm(Parameters.Builder parameters, String name, int channels) {
    weight = parameters.add(name + ".weight", Shape.of(channels), Initialiser.constant(1));
    bias = parameters.add(name + ".bias", Shape.of(channels), Initialiser.constant(0));
  }

  /** Normalises each row of x (…, C). */
  public Var forward(Tape tape, Var x) {
    return Functions.layerNorm(tape, x, weight.var(), bias.var(), EPSILON);
  }
}
