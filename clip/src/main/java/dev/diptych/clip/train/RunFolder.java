package dev.diptych.clip.train;

import dev.diptych.clip.UserException;
import dev.diptych.clip.weights.RunCheckpoints;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The folder of a run:
 *
 * <pre>
 * config.json                            model and options; a resumed run reads them from here
 * vocab.json, merges.txt                 the vocabulary the model was trained with
 * log.jsonl                              one line of figures per logged step and validation
 * checkpoints/step-000000400.safetensors weights under OpenAI's names, and the optimiser's moments
 * </pre>
 */
public final class RunFolder {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final ObjectMapper PRETTY =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .build();

  private final Path path;

  /** The run in the folder {@code path}, which need not exist yet. */
  public RunFolder(Path path) {
    this.path = path;
  }

  /** The folder. */
  public Path path() {
    return path;
  }

  /** Where the checkpoint of {@code step} is. */
  public Path checkpoint(long step) {
    return RunCheckpoints.of(path, step);
  }

  /** All checkpoints, the oldest first. */
  public List<Path> checkpoints() {
    return RunCheckpoints.all(path);
  }

  /** The newest checkpoint, or null if there is none. */
  public @Nullable Path latestCheckpoint() {
    List<Path> all = checkpoints();
    return all.isEmpty() ? null : all.getLast();
  }

  /**
   * Deletes all but the newest {@code keep} checkpoints, and what a killed run left half written.
   */
  public void prune(int keep) throws IOException {
    List<Path> all = checkpoints();
    for (Path old : all.subList(0, Math.max(0, all.size() - keep))) {
      Files.deleteIfExists(old);
    }
    deleteUnfinished(RunCheckpoints.in(path));
  }

  /** Deletes all checkpoints, before a run is started over in the same folder. */
  public void deleteCheckpoints() throws IOException {
    for (Path checkpoint : checkpoints()) {
      Files.deleteIfExists(checkpoint);
    }
  }

  private static void deleteUnfinished(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".tmp")).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** Writes {@code config.json}. */
  public void writeSettings(RunSettings settings) throws IOException {
    AtomicFile.writeText(path.resolve("config.json"), PRETTY.writeValueAsString(settings) + "\n");
  }

  /** Writes {@code metrics.json}. */
  public void writeMetrics(Map<String, ?> metrics) throws IOException {
    AtomicFile.writeText(path.resolve("metrics.json"), PRETTY.writeValueAsString(metrics) + "\n");
  }

  /**
   * Reads {@code config.json}.
   *
   * @throws UserException if it is missing or not one that we wrote
   */
  public RunSettings readSettings() throws IOException {
    Path file = path.resolve("config.json");
    if (!Files.exists(file)) {
      throw new UserException(
          path
              + " is not the folder of a run: config.json is missing; give the folder that train"
              + " made");
    }
    try {
      return PRETTY.readValue(Files.readString(file), RunSettings.class);
    } catch (JacksonException e) {
      throw new UserException(
          file + " is not the configuration of a run: " + e.getOriginalMessage(), e);
    }
  }

  /** Adds a line to {@code log.jsonl}. */
  public void log(Map<String, ?> figures) throws IOException {
    Path file = path.resolve("log.jsonl");
    try {
      Files.createDirectories(path);
      Files.writeString(
          file,
          JSON.writeValueAsString(figures) + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new IOException(
          "%s could not be written (%s)".formatted(file, UserException.reason(e)), e);
    }
  }

  /**
   * The lines of {@code log.jsonl} up to {@code lastStep}; a line that a kill cut short is left
   * out.
   */
  public List<JsonNode> readLog(long lastStep) throws IOException {
    Path file = path.resolve("log.jsonl");
    List<JsonNode> lines = new ArrayList<>();
    if (!Files.exists(file)) {
      return lines;
    }
    for (String line : Files.readAllLines(file)) {
      try {
        JsonNode node = JSON.readTree(line);
        if (node.path("step").asLong(Long.MAX_VALUE) <= lastStep) {
          lines.add(node);
        }
      } catch (JacksonException e) {
        System.getLogger(RunFolder.class.getName())
            .log(System.Logger.Level.WARNING, "{0}: an incomplete line is left out", file);
      }
    }
    return lines;
  }

  /**
   * Forgets the lines of {@code log.jsonl} after {@code lastStep}: a resumed run writes them anew.
   */
  public void truncateLog(long lastStep) throws IOException {
    StringBuilder kept = new StringBuilder();
    for (JsonNode line : readLog(lastStep)) {
      kept.append(line).append('\n');
    }
    AtomicFile.writeText(path.resolve("log.jsonl"), kept.toString());
  }
}
