package dev.diptych.clip.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Finds the checkpoints of a training run: {@code checkpoints/step-000000400.safetensors}. */
public final class RunCheckpoints {
  private static final Pattern CHECKPOINT = Pattern.compile("step-(\\d{9})\\.safetensors");

  private RunCheckpoints() {}

  /** Whether {@code folder} is that of a run. */
  public static boolean isRun(Path folder) {
    return Files.isDirectory(in(folder)) && Files.exists(folder.resolve("config.json"));
  }

  /** Where the checkpoints of the run in {@code folder} are. */
  public static Path in(Path folder) {
    return folder.resolve("checkpoints");
  }

  /** Where the checkpoint of {@code step} of the run in {@code folder} is. */
  public static Path of(Path folder, long step) {
    return in(folder).resolve("step-%09d.safetensors".formatted(step));
  }

  /** All checkpoints of the run in {@code folder}, the oldest first. */
  public static List<Path> all(Path folder) {
    if (!Files.isDirectory(in(folder))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(in(folder))) {
      return files
          .filter(file -> CHECKPOINT.matcher(file.getFileName().toString()).matches())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + in(folder), e);
    }
  }
}
