package dev.diptych.clip.train;

import dev.diptych.clip.report.ProgressLine;
import dev.diptych.clip.report.Terminal;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** The line that tells how a run is going: averages since the last one, speed and time left. */
final class Progress {
  private final PrintStream out;
  private final boolean terminal = Terminal.isOutput();
  private final long firstStep;
  private final long steps;
  private final long startNanos = System.nanoTime();
  private Trainer.StepResult last = new Trainer.StepResult(0, 0, 0, 0, 0, 0);
  private long intervalStart = startNanos;
  private double lossSum;
  private double accuracySum;
  private int count;
  private long pairs;
  private double pairsPerSecond;

  Progress(PrintStream out, long firstStep, long steps) {
    this.out = out;
    this.firstStep = firstStep;
    this.steps = steps;
  }

  void add(Trainer.StepResult result, int batchSize) {
    last = result;
    lossSum += result.loss();
    accuracySum += result.accuracy();
    pairs += batchSize;
    count++;
  }

  /** The figures of the log; averages start anew. */
  Map<String, Object> figures() {
    long now = System.nanoTime();
    pairsPerSecond = pairs * 1e9 / Math.max(1, now - intervalStart);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("step", last.step());
    figures.put("loss", lossSum / count);
    figures.put("accuracy", accuracySum / count);
    figures.put("logit_scale", last.logitScale());
    figures.put("lr", last.learningRate());
    figures.put("grad_norm", last.gradientNorm());
    figures.put("pairs_per_second", pairsPerSecond);
    return figures;
  }

  /** Shows what {@link #figures} said, and starts the next interval. */
  void show() {
    double secondsPerStep =
        (System.nanoTime() - startNanos) * 1e-9 / Math.max(1, last.step() - firstStep);
    String line =
        String.format(
            Locale.ROOT,
            "step %d/%d  loss %.4f  acc %.3f  scale %.1f  lr %.2e  %s pairs/s  eta %s",
            last.step(),
            steps,
            lossSum / count,
            accuracySum / count,
            last.logitScale(),
            last.learningRate(),
            ProgressLine.rate(pairsPerSecond),
            ProgressLine.duration((long) (secondsPerStep * (steps - last.step()))));
    if (terminal) {
      out.print("\r\u001b[K" + line);
      if (last.step() == steps) {
        out.println();
      }
      out.flush();
    } else {
      out.println(line);
    }
    intervalStart = System.nanoTime();
    lossSum = 0;
    accuracySum = 0;
    pairs = 0;
    count = 0;
  }
}
