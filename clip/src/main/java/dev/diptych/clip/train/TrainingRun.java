package dev.diptych.clip.train;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.cuda.GpuException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A whole run: steps, log, validation and checkpoints, until its end or until it is stopped. */
public final class TrainingRun {
  private final RunFolder folder;
  private final Trainer trainer;
  private final PairSource pairs;
  private final @Nullable Validation validation;
  private final Rhythm rhythm;
  private final PrintStream out;
  private long savedAt = -1;

  /** Measures a model in the middle of its training. */
  @FunctionalInterface
  public interface Validation {
    /** The figures, under the names of the log. */
    Map<String, Double> measure(Clip clip);
  }

  /**
   * How often what happens, in steps; 0 for never.
   *
   * @param logEvery a line in the log and on the screen
   * @param validateEvery validation; it happens at the end in any case
   * @param saveEvery a checkpoint; there is one at the end in any case
   * @param keep how many checkpoints are kept
   */
  public record Rhythm(int logEvery, int validateEvery, int saveEvery, int keep) {
    /** Refuses what makes no sense. */
    public Rhythm {
      if (logEvery < 1 || validateEvery < 0 || saveEvery < 0 || keep < 1) {
        throw new UserException(
            "expected at least 1 step between log lines, 1 checkpoint kept, and no negative"
                + " rhythm");
      }
    }
  }

  /** How a run ended. */
  public enum Outcome {
    /** All steps are done. */
    FINISHED,
    /** It was stopped, and can be resumed. */
    STOPPED
  }

  /** A run whose trainer is at its first step, or restored to a later one. */
  public TrainingRun(
      RunFolder folder,
      Trainer trainer,
      PairSource pairs,
      @Nullable Validation validation,
      Rhythm rhythm,
      PrintStream out) {
    this.folder = folder;
    this.trainer = trainer;
    this.pairs = pairs;
    this.validation = validation;
    this.rhythm = rhythm;
    this.out = out;
  }

  /**
   * Trains until the end or until {@code stop} is raised.
   *
   * @throws IOException if log or checkpoint cannot be written; the last whole checkpoint stays
   * @throws GpuException if the GPU fails or its memory does not suffice; it stays then, too
   */
  public Outcome run(StopSignal stop) throws IOException {
    try {
      return train(stop);
    } catch (GpuException e) {
      throw ended(e);
    }
  }

  private Outcome train(StopSignal stop) throws IOException {
    pairs.seek(trainer.step());
    Progress progress = new Progress(out, trainer.step(), trainer.options().steps());
    while (!trainer.isDone()) {
      if (stop.isRequested()) {
        save();
        out.println();
        out.printf(
            "Stopped after step %d; everything is in %s. Go on with: --resume %s%n",
            trainer.step(), Objects.requireNonNull(folder.latestCheckpoint()), folder.path());
        return Outcome.STOPPED;
      }
      PairBatch batch = pairs.next();
      Trainer.StepResult result = trainer.step(batch);
      progress.add(result, batch.size());
      if (result.step() % rhythm.logEvery() == 0 || trainer.isDone()) {
        Map<String, Object> figures = progress.figures();
        trainer.gpuBytes().ifPresent(bytes -> figures.put("gpu_memory_bytes", bytes));
        folder.log(figures);
        progress.show();
      }
      if (isTime(rhythm.validateEvery())) {
        validate();
      }
      if (isTime(rhythm.saveEvery())) {
        save();
      }
    }
    if (!isTime(rhythm.validateEvery())) {
      validate();
    }
    save();
    return Outcome.FINISHED;
  }

  private GpuException ended(GpuException e) {
    Path last = folder.latestCheckpoint();
    String rest =
        last == null
            ? "no checkpoint had been written"
            : "the last checkpoint, %s, is whole: go on with --resume %s"
                .formatted(last, folder.path());
    return new GpuException(
        "%s%nTraining ended after step %d; %s".formatted(e.getMessage(), trainer.step(), rest), e);
  }

  private boolean isTime(int every) {
    return every > 0 && trainer.step() % every == 0;
  }

  private void validate() throws IOException {
    if (validation == null) {
      return;
    }
    Map<String, Double> figures = validation.measure(trainer.clip());
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", trainer.step());
    figures.forEach((name, value) -> line.put("val/" + name, value));
    folder.log(line);
    out.println();
    StringBuilder text = new StringBuilder("  validation at step " + trainer.step() + ":");
    figures.forEach((name, value) -> text.append("  %s %.3f".formatted(name, value)));
    out.println(text);
  }

  private void save() throws IOException {
    if (savedAt == trainer.step()) {
      return;
    }
    Path file = folder.checkpoint(trainer.step());
    try {
      Checkpoint.write(trainer, file);
    } catch (IOException e) {
      throw new IOException(
          "the checkpoint "
              + file
              + " could not be written ("
              + UserException.reason(e)
              + "); earlier checkpoints are whole: make room and go on with --resume "
              + folder.path(),
          e);
    }
    folder.prune(rhythm.keep());
    savedAt = trainer.step();
  }
}
