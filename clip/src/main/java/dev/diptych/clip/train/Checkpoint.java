package dev.diptych.clip.train;

import dev.diptych.clip.UserException;
import dev.diptych.clip.weights.OpenAiWeights;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A training state in one safetensors file: the weights under OpenAI's names, so that any reader of
 * CLIP checkpoints can use it, the optimiser's moments, and the number of steps done.
 */
public final class Checkpoint {
  private static final String FIRST_MOMENT = "optimizer.exp_avg";
  private static final String SECOND_MOMENT = "optimizer.exp_avg_sq";
  private static final String STEP = "step";

  private Checkpoint() {}

  /**
   * Writes the state of {@code trainer}, atomically.
   *
   * @throws IOException if that fails, for want of room for example; then {@code file} is as it was
   */
  public static void write(Trainer trainer, Path file) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    OpenAiWeights.write(trainer.clip(), writer);
    writer
        .metadata(STEP, Long.toString(trainer.step()))
        .add(FIRST_MOMENT, trainer.optimiser().firstMoment())
        .add(SECOND_MOMENT, trainer.optimiser().secondMoment())
        .write(file);
  }

  /**
   * Restores the state of {@code trainer}, whose model must have the architecture of the
   * checkpoint.
   *
   * @throws UserException if the file is no checkpoint of such a model
   */
  public static void restore(Trainer trainer, Path file) throws IOException {
    try (Safetensors tensors = Safetensors.open(file)) {
      @Nullable String step = tensors.metadata().get(STEP);
      if (step == null || !tensors.contains(FIRST_MOMENT) || !tensors.contains(SECOND_MOMENT)) {
        throw new UserException(
            file + " holds weights only, no state of training: it cannot be resumed from");
      }
      OpenAiWeights.readInto(tensors, trainer.clip());
      tensors.read(FIRST_MOMENT, trainer.optimiser().firstMoment());
      tensors.read(SECOND_MOMENT, trainer.optimiser().secondMoment());
      trainer.resumeAt(Long.parseLong(step));
    } catch (NumberFormatException e) {
      throw new UserException(file + ": the metadata's step is not a number", e);
    }
  }
}
