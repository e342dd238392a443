package dev.diptych.clip.evaluate;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.UserException;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import tools.jackson.databind.json.JsonMapper;

/**
 * What an evaluation found, in the shape of CLIP_benchmark's JSON, and under {@code details} what
 * it takes to repeat it.
 *
 * @param dataset what the data set is called
 * @param model the preset of the model's sizes, or {@code custom}
 * @param pretrained where the weights came from
 * @param task such as {@code zeroshot_classification}
 * @param metrics figures by name
 * @param language of the texts
 * @param details everything else: versions, fingerprints, counts, the protocol
 */
public record EvaluationResult(
    String dataset,
    String model,
    String pretrained,
    String task,
    SequencedMap<String, Double> metrics,
    String language,
    SequencedMap<String, Object> details) {

  /** The result as JSON, over several lines. */
  public String json() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("dataset", dataset);
    fields.put("model", model);
    fields.put("pretrained", pretrained);
    fields.put("task", task);
    fields.put("metrics", metrics);
    fields.put("language", language);
    fields.put("details", details);
    return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsString(fields) + "\n";
  }

  /**
   * Writes {@link #json} to a file, whole or not at all.
   *
   * @throws UserException if it cannot be written
   */
  public void write(Path file) {
    try {
      AtomicFile.writeText(file, json());
    } catch (IOException e) {
      throw new UserException(file + ": cannot be written: " + UserException.reason(e), e);
    }
  }

  /** The preset whose sizes {@code clip} has, whatever its vocabulary and context; or custom. */
  public static String modelName(Clip clip) {
    ClipConfig config = clip.config();
    for (String name : ClipConfig.presetNames()) {
      ClipConfig preset =
          ClipConfig.preset(name)
              .withVocabulary(config.text().vocabularySize())
              .withContextLength(config.text().contextLength());
      if (preset.equals(config.withVocabulary(config.text().vocabularySize()))) {
        return name;
      }
    }
    return "custom";
  }

  /** A short name for a list of texts: SHA-256 of its lines in UTF-8. */
  public static String fingerprint(List<String> lines) {
    return Fingerprint.of(lines);
  }
}
