package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --context-length} of commands that read texts, to be mixed into them. */
final class ContextLength {
  private static final int LONGEST = 1 << 14;

  @Option(
      names = "--context-length",
      paramLabel = "N",
      description =
          "tokens of a text that the model reads, if not as many as it was trained with: a smaller"
              + " number takes its first positions, a larger one stretches them as Long-CLIP does")
  private @Nullable Integer length;

  /** {@code model}, or the same with the context that was asked for; says so if it is longer. */
  Diptych apply(Diptych model, PrintWriter err) {
    if (length == null) {
      return model;
    }
    if (length < 2 || length > LONGEST) {
      model.close();
      throw new UserException(
          "--context-length must be 2 to %d tokens, start and end token included, got %d"
              .formatted(LONGEST, length));
    }
    int given = model.clip().config().text().contextLength();
    Diptych resized = model.withContextLength(length);
    if (length > given) {
      err.printf(
          "The model's %d positions are stretched to %d. It has not been trained with them: expect"
              + " less of texts that are longer than before.%n",
          given, length);
    }
    return resized;
  }
}
