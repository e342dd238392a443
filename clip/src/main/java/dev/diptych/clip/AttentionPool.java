package dev.diptych.clip;

import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.Linear;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;

/**
 * A picture's features from those of its places: one layer of multi-head attention whose only query
 * is the mean of all places (CLIP paper §2.4). Takes the place of average pooling in a ResNet.
 */
final class AttentionPool {
  private final Parameter positions; // (1+T, C)
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output; // (D, C)
  private final int heads;
  private final int features;

  /**
   * Announces {@code name.positions} and the projections {@code query}, {@code key}, {@code value}
   * and {@code output}. All weights start with a deviation of C^-½, as in the original.
   *
   * @param tokens 1+T: the places and their mean
   * @param features D
   */
  AttentionPool(
      Parameters.Builder parameters,
      String name,
      int tokens,
      int channels,
      int heads,
      int features) {
    this.heads = heads;
    this.features = features;
    double deviation = 1 / Math.sqrt(channels);
    Initialiser weights = Initialiser.normal(deviation);
    Initialiser biases = Initialiser.uniform(deviation); // PyTorch's for 1/√inputs
    positions = parameters.add(name + ".positions", Shape.of(tokens, channels), weights);
    query = new Linear(parameters, name + ".query", channels, channels, weights, biases);
    key = new Linear(parameters, name + ".key", channels, channels, weights, biases);
    value = new Linear(parameters, name + ".value", channels, channels, weights, biases);
    output = new Linear(parameters, name + ".output", channels, features, weights, biases);
  }

  /** x (B, H, W, C) → (B, D). Without recording, x is freed. */
  Var forward(Tape tape, Var x) {
    Var tokens = tokens(tape, x); // (B, 1+T, C)
    Shape shape = tokens.value().shape();
    int batch = shape.dim(0);
    int channels = shape.dim(2);
    IntTensor first = IntTensor.zeros(tape.scope(), Shape.of(batch));
    Var mean = Functions.gatherRows(tape, tokens, first); // (B, C)
    Var q = query.forward(tape, mean); // (B, C)
    tape.discard(mean);
    Var k = key.forward(tape, tokens); // (B, 1+T, C)
    Var v = value.forward(tape, tokens); // (B, 1+T, C)
    tape.discard(tokens);
    Var asked = Functions.reshape(tape, q, Shape.of(batch, 1, channels));
    Var heard = Functions.attention(tape, asked, k, v, heads, null); // (B, 1, C)
    tape.discard(q);
    tape.discard(k);
    tape.discard(v);
    Var y = output.forward(tape, Functions.reshape(tape, heard, Shape.of(batch, channels)));
    tape.discard(heard);
    return y;
  }

  private Var tokens(Tape tape, Var x) {
    Shape shape = x.value().shape();
    int places = shape.dim(1) * shape.dim(2);
    Var flat = Functions.reshape(tape, x, Shape.of(shape.dim(0), places, shape.dim(3)));
    Var tokens = Convolutions.meanToken(tape, flat, positions.var()); // (B, 1+T, C)
    tape.discard(x);
    return tokens;
  }

  /** D. */
  int features() {
    return features;
  }
}
