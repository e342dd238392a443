package dev.diptych.autograd;

import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.op.AveragePool;
import dev.diptych.tensor.op.BatchNorm;
import dev.diptych.tensor.op.ChannelsLast;
import dev.diptych.tensor.op.Conv2d;
import dev.diptych.tensor.op.MeanToken;
import dev.diptych.tensor.op.Relu;

/**
 * The differentiable functions of convolutional networks. Pictures are (B, H, W, C), their channels
 * innermost.
 */
public final class Convolutions {
  private Convolutions() {}

  /**
   * Pictures of planes to pictures of pixels, (B, C, H, W) → (B, H, W, C).
   *
   * @param x (B, C, H, W)
   */
  public static Var channelsLast(Tape tape, Var x) {
    return tape.record(
        ChannelsLast.forward(tape.scope(), x.value()),
        new Var[] {x},
        dy -> x.addGradient(ChannelsLast.backward(tape.scope(), dy)));
  }

  /**
   * Two-dimensional convolution without a bias, (B, OH, OW, O) with OH = ⌊(H + 2p − KH)/s⌋ + 1.
   *
   * @param x (B, H, W, C)
   * @param w (O, C, KH, KW)
   * @param stride s
   * @param padding p, rows and columns of zeros around x
   */
  public static Var conv2d(Tape tape, Var x, Var w, int stride, int padding) {
    Tensor y = Conv2d.forward(tape.scope(), x.value(), w.value(), stride, padding);
    return tape.record(
        y,
        new Var[] {x, w},
        dy -> {
          if (w.needsGradient()) {
            Conv2d.backwardWeight(
                x.value(), w.value(), stride, padding, dy, w.gradientToAddTo(tape.scope()));
          }
          if (x.needsGradient()) {
            x.addGradient(
                Conv2d.backwardInput(tape.scope(), x.value(), w.value(), stride, padding, dy));
          }
        });
  }

  /**
   * Batch normalisation of the innermost axis. On a tape in {@link Tape#isTraining() training} with
   * the statistics of the batch, which also move the running ones; else with the running ones.
   *
   * @param x (…, C)
   * @param w (C)
   * @param b (C)
   * @param running the running statistics, (C) each
   * @param momentum by how much a batch moves them
   */
  public static Var batchNorm(
      Tape tape,
      Var x,
      Var w,
      Var b,
      BatchNorm.Statistics running,
      double momentum,
      float epsilon) {
    boolean training = tape.isTraining();
    BatchNorm.Statistics used = running;
    if (training) {
      used = BatchNorm.statistics(tape.scope(), x.value());
      BatchNorm.updateRunning(used, x.value().shape().rows(), momentum, running);
    }
    BatchNorm.Statistics saved = used;
    Tensor y = BatchNorm.forward(tape.scope(), x.value(), w.value(), b.value(), saved, epsilon);
    return tape.record(
        y,
        new Var[] {x, w, b},
        dy ->
            x.addGradient(
                BatchNorm.backward(
                    tape.scope(),
                    x.value(),
                    w.value(),
                    saved,
                    training,
                    epsilon,
                    dy,
                    w.gradientToAddTo(tape.scope()),
                    b.gradientToAddTo(tape.scope()))),
        training ? new Tensor[] {saved.mean(), saved.variance()} : new Tensor[0]);
  }

  /**
   * The rectifier, y = max(x, 0).
   *
   * @param x of any shape
   */
  public static Var relu(Tape tape, Var x) {
    Tensor y = Relu.forward(tape.scope(), x.value());
    return tape.record(y, new Var[] {x}, dy -> x.addGradient(Relu.backward(tape.scope(), y, dy)));
  }

  /**
   * The mean of each square of K×K pixels, (B, ⌊H/K⌋, ⌊W/K⌋, C).
   *
   * @param x (B, H, W, C)
   */
  public static Var averagePool(Tape tape, Var x, int k) {
    return tape.record(
        AveragePool.forward(tape.scope(), x.value(), k),
        new Var[] {x},
        dy -> x.addGradient(AveragePool.backward(tape.scope(), x.value().shape(), k, dy)));
  }

  /**
   * The tokens of attention pooling: the mean of all in front, and positions added; (B, 1+T, C).
   *
   * @param x (B, T, C)
   * @param positions (1+T, C)
   */
  public static Var meanToken(Tape tape, Var x, Var positions) {
    return tape.record(
        MeanToken.forward(tape.scope(), x.value(), positions.value()),
        new Var[] {x, positions},
        dy ->
            x.addGradient(
                MeanToken.backward(
                    tape.scope(), x.value().shape(), dy, positions.gradientToAddTo(tape.scope()))));
  }
}
