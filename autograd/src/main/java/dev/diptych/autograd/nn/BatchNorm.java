package dev.diptych.autograd.nn;

import dev.diptych.autograd.Buffer;
import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.op.BatchNorm.Statistics;

/**
 * Batch normalisation of the innermost axis with a learned gain and bias and running statistics
 * (Ioffe and Szegedy 2015).
 */
public final class BatchNorm {
  private static final float EPSILON = 1e-5f;

  /** The weight of a batch in the running statistics. */
  private static final double MOMENTUM = 0.1;

  private final Parameter weight;
  private final Parameter bias;
  private final Buffer runningMean;
  private final Buffer runningVariance;

  /**
   * Announces {@code name.weight} and {@code name.bias} (C), zeros, and the buffers {@code
   * name.runningMean} (C), zeros, and {@code name.runningVariance} (C), ones.
   *
   * @param gain the first value of all weights: 1, or 0 for the last one of a residual branch,
   *     which then begins as the identity
   */
  public BatchNorm(Parameters.Builder parameters, String name, int channels, float gain) {
    Shape shape = Shape.of(channels);
    weight = parameters.add(name + ".weight", shape, Initialiser.constant(gain));
    bias = parameters.add(name + ".bias", shape, Initialiser.constant(0));
    runningMean = parameters.addBuffer(name + ".runningMean", shape, 0);
    runningVariance = parameters.addBuffer(name + ".runningVariance", shape, 1);
  }

  /** Normalises each channel of x (…, C). */
  public Var forward(Tape tape, Var x) {
    Statistics running = new Statistics(runningMean.value(), runningVariance.value());
    return Convolutions.batchNorm(tape, x, weight.var(), bias.var(), running, MOMENTUM, EPSILON);
  }
}
