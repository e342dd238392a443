package dev.diptych.kernels.doctor;

import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.contrastive.ContrastiveReference;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Cases and timings of the contrastive loss. */
final class ContrastiveCases {
  /** Pairs, elements, rows of a chunk: at and around the edges of tiles, one chunk and several. */
  private static final int[][] SIZES = {
    {1, 1, 1},
    {2, 2, 1},
    {3, 5, 2},
    {17, 8, 17},
    {63, 7, 32},
    {64, 16, 64},
    {65, 3, 64},
    {130, 17, 96}
  };

  private static final double D_LOSS = -2;
  private static final double COLLECTED = 3;

  private ContrastiveCases() {}

  static void addTo(Suite suite) {
    for (int[] size : SIZES) {
      String name = "contrastive " + size[0] + "×" + size[1] + " by " + size[2];
      int rows = size[2];
      ContrastiveDims d = new ContrastiveDims(size[0], size[1], true);
      suite.checkBoth(name, w -> both(w, rows, d, pairs(w, d), 2.6592f, null));
      ContrastiveDims asTheyAre = new ContrastiveDims(size[0], size[1], false);
      suite.checkBoth(
          name + " with ids, as they are",
          w -> both(w, rows, asTheyAre, pairs(w, asTheyAre), -1, ids(d.n())));
    }
    ContrastiveDims d = new ContrastiveDims(70, 24, true);
    float most = (float) Math.log(100);
    suite.checkBoth(
        "contrastive 70×24 at a scale of 100", w -> both(w, 70, d, pairs(w, d), most, null));
    suite.checkBoth(
        "contrastive 70×24 at a scale of 100 with ids",
        w -> both(w, 32, d, pairs(w, d), most, ids(70)));
    suite.checkBoth(
        "contrastive 70×24 of one id", w -> both(w, 70, d, pairs(w, d), 1, new int[70]));
    suite.checkBoth("contrastive 70×24 as the sizes have it cut", ContrastiveCases::oneChunk);
    suite.checkBoth("contrastive 70×24 of zeros", w -> zeros(w, d));
    suite.checkBoth("contrastive 66×8 far apart", ContrastiveCases::farApart);
    suite.checkBoth("contrastive of NaN and infinity", ContrastiveCases::special);
    ContrastiveDims large = new ContrastiveDims(1 << 15, 512, true);
    suite.timeBf16("contrastive forward 32768×512", large.forwardCost(), w -> forward(w, large));
    suite.timeBf16("contrastive backward 32768×512", large.backwardCost(), w -> backward(w, large));
    ContrastiveDims usual = new ContrastiveDims(1 << 12, 512, true);
    suite.time("contrastive forward 4096×512", usual.forwardCost(), w -> forward(w, usual));
    suite.time("contrastive backward 4096×512", usual.backwardCost(), w -> backward(w, usual));
  }

  /** Ids of which some are alone and some are of several pairs, in no order. */
  private static int[] ids(int n) {
    int[] ids = new int[n];
    Arrays.setAll(ids, i -> i * 5 % Math.max(1, n * 2 / 3) - 3);
    return ids;
  }

  /** Images, then texts that are near them, as those of a model that has learnt. */
  private static double[][] pairs(Workbench w, ContrastiveDims d) {
    double[] image = w.normal(d.n(), d.n() * d.d());
    double[] text = w.normal(d.d() + 1000, d.n() * d.d());
    Arrays.setAll(text, i -> (image[i] + 2 * text[i]) / 2);
    return new double[][] {image, Workbench.exactly(w.precision(), text)};
  }

  private static void zeros(Workbench w, ContrastiveDims d) {
    double[][] pairs = pairs(w, d);
    Arrays.fill(pairs[0], 2 * d.d(), 3 * d.d(), 0);
    Arrays.fill(pairs[1], 69 * d.d(), 70 * d.d(), 0);
    both(w, 32, d, pairs, 2.6592f, null);
  }

  /** Logits in the thousands, of which any one shift would make ∞ or 0. */
  private static void farApart(Workbench w) {
    ContrastiveDims d = new ContrastiveDims(66, 8, false);
    double[][] pairs = pairs(w, d);
    for (int i = 0; i < pairs[0].length; i++) {
      pairs[0][i] *= 1 + i / d.d(); // later images ever longer
    }
    pairs[0] = Workbench.exactly(w.precision(), pairs[0]);
    both(w, 40, d, pairs, (float) Math.log(20), null);
    both(w, 66, d, pairs, (float) Math.log(20), ids(66));
  }

  private static void both(
      Workbench w,
      int rows,
      ContrastiveDims d,
      double[][] pairs,
      float logScale,
      int @Nullable [] ids) {
    double[] image = pairs[0];
    double[] text = pairs[1];
    double[] t = {logScale};
    double[] loss = new double[1];
    double[] accuracy = new double[1];
    double[] rowLse = new double[d.n()];
    double[] columnLse = new double[d.n()];
    ContrastiveReference.forward(d, image, text, t, ids, loss, accuracy, rowLse, columnLse);
    PlainContrastive plain =
        new PlainContrastive(d, w.precision(), image, text, logScale, ids, D_LOSS);
    ContrastiveRun run =
        ContrastiveRun.of(w, d, w.in(image), w.in(text), logScale, ids, D_LOSS, COLLECTED);
    run.forwardBy(rows, w.gpu());
    double largest = Math.max(largest(rowLse), largest(columnLse));
    double error =
        Math.max(
            PlainAttention.error(plain.rowLse, rowLse),
            PlainAttention.error(plain.columnLse, columnLse));
    double tolerance = tolerance(w, 1e-6 * Math.max(3, largest), 2, error);
    within(w, "row lse", rowLse, run.rowLse(), Precision.F32, tolerance);
    within(w, "column lse", columnLse, run.columnLse(), Precision.F32, tolerance);
    within(w, "loss", loss, run.loss(), Precision.F32, tolerance);
    w.checkF32("accuracy", plain.accuracy, run.accuracy(), 1e-6);

    double[] dImage = new double[image.length];
    double[] dText = new double[text.length];
    double[] dLogScale = {COLLECTED};
    ContrastiveReference.backward(
        d, image, text, t, ids, rowLse, columnLse, D_LOSS, dImage, dText, dLogScale);
    run.backwardBy(rows, w.gpu());
    // P and Q are as exact as the largest logit; gradients are of size 1/N, not 1.
    double f32 = 1e-6 * Math.max(10, largest);
    gradient(w, "dImage", dImage, run.dImage(), f32, plain.dImage);
    gradient(w, "dText", dText, run.dText(), f32, plain.dText);
    // The plain error of a single number may be small by chance: then the logits' is the measure.
    double scaleError =
        Math.max(Math.abs(COLLECTED + plain.dLogScale[0] - dLogScale[0]), Math.abs(D_LOSS) * error);
    double ofScale = tolerance(w, f32, 3, scaleError);
    within(w, "dLogScale", dLogScale, run.dLogScale(), Precision.F32, ofScale);
  }

  private static void gradient(
      Workbench w, String what, double[] expected, DeviceMemory found, double f32, double[] plain) {
    double least = f32 * rootMeanSquare(expected) + 1e-9;
    double error = PlainAttention.error(plain, expected);
    within(w, what, expected, found, w.precision(), tolerance(w, least, 3, error));
  }

  /**
   * Holds each element to an absolute error, where the workbench takes one relative to their size.
   */
  private static void within(
      Workbench w, String what, double[] expected, DeviceMemory found, Precision as, double error) {
    w.check(what, expected, found, as, error / Math.max(1, rootMeanSquare(expected)));
  }

  private static double rootMeanSquare(double[] values) {
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    return Math.sqrt(squares / values.length);
  }

  /** In f32 {@code f32}; in bf16 {@code times} the largest error that plain bf16 makes. */
  private static double tolerance(Workbench w, double f32, int times, double plainError) {
    return w.precision() == Precision.F32 ? f32 : Math.max(f32, times * plainError);
  }

  private static double largest(double[] values) {
    return Arrays.stream(values).map(Math::abs).max().orElse(0);
  }

  /** As the sizes have it cut: so few pairs are one chunk, and the bits are those of one chunk. */
  private static void oneChunk(Workbench w) {
    ContrastiveDims d = new ContrastiveDims(70, 24, true);
    double[][] pairs = pairs(w, d);
    DeviceMemory image = w.in(pairs[0]);
    DeviceMemory text = w.in(pairs[1]);
    ContrastiveRun one = ContrastiveRun.of(w, d, image, text, 1, null, 1, 0);
    one.forwardBy(70, w.gpu());
    one.backwardBy(70, w.gpu());
    ContrastiveRun other = ContrastiveRun.of(w, d, image, text, 1, null, 1, 0);
    other.forward(w.gpu());
    other.backward(w.gpu());
    w.checkF32("loss", w.readF32(one.loss()), other.loss(), 0);
    w.checkF32("accuracy", w.readF32(one.accuracy()), other.accuracy(), 0);
    w.checkF32("row lse", w.readF32(one.rowLse()), other.rowLse(), 0);
    w.checkF32("column lse", w.readF32(one.columnLse()), other.columnLse(), 0);
    w.check("dImage", w.read(one.dImage()), other.dImage(), 0);
    w.check("dText", w.read(one.dText()), other.dText(), 0);
    w.checkF32("dLogScale", w.readF32(one.dLogScale()), other.dLogScale(), 0);
  }

  private static void special(Workbench w) {
    ContrastiveDims d = new ContrastiveDims(40, 5, true);
    double[][] pairs = pairs(w, d);
    pairs[1][123] = Double.NaN;
    ContrastiveRun run = ContrastiveRun.of(w, d, w.in(pairs[0]), w.in(pairs[1]), 1, null, 1, 0);
    run.forward(w.gpu());
    run.backward(w.gpu());
    double[] nan = {Double.NaN};
    double[] all = new double[d.n() * d.d()];
    Arrays.fill(all, Double.NaN);
    w.checkF32("loss", nan, run.loss(), 0);
    w.check("dImage", all, run.dImage(), 0);
    w.check("dText", all, run.dText(), 0);
    w.checkF32("dLogScale", nan, run.dLogScale(), 0);
    pairs[1][123] = 1;
    pairs[0][7] = Double.POSITIVE_INFINITY;
    run = ContrastiveRun.of(w, d, w.in(pairs[0]), w.in(pairs[1]), 1, null, 1, 0);
    run.forward(w.gpu());
    w.checkF32("loss", nan, run.loss(), 0);
  }

  private static ContrastiveRun filled(Workbench w, ContrastiveDims d) {
    DeviceMemory image = w.filled(d.n() * d.d());
    DeviceMemory text = w.filled(d.n() * d.d());
    return ContrastiveRun.of(w, d, image, text, Math.log(100), null, 1, 0);
  }

  private static GpuTiming.Launches forward(Workbench w, ContrastiveDims d) {
    return filled(w, d)::forward;
  }

  private static GpuTiming.Launches backward(Workbench w, ContrastiveDims d) {
    ContrastiveRun run = filled(w, d);
    run.forward(w.gpu());
    return run::backward;
  }
}
