package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;

/**
 * Weights under OpenAI's names among other tensors of a file, as checkpoints of a run have them.
 */
public final class OpenAiWeights {
  private OpenAiWeights() {}

  /**
   * Reads all weights and buffers of {@code clip}, which must have the architecture of the file.
   *
   * @throws UserException if one is missing or of another shape
   */
  public static void readInto(NamedTensors tensors, Clip clip) throws IOException {
    ModelTensors.in(tensors).readInto(clip, "the model needs");
  }

  /**
   * Puts all weights and buffers of {@code clip} into {@code writer}, and what shapes do not tell.
   */
  public static void write(Clip clip, SafetensorsWriter writer) {
    Architecture.describe(clip.config(), writer);
    clip.parameters().state().forEach((name, value) -> writer.add(OpenAiNames.of(name), value));
  }
}
