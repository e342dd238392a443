package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.evaluate.EvaluationResult;
import dev.diptych.clip.report.ProgressLine;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options that all tasks of {@code diptych evaluate} have, to be mixed into them. */
final class EvaluationOptions {
  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ContextLength context = new ContextLength();

  @Mixin private BulkOptions pictures = new BulkOptions();

  @Option(names = "--out", paramLabel = "FILE", description = "write the result there, as JSON")
  private @Nullable Path out;

  @Option(
      names = "--dataset",
      paramLabel = "NAME",
      description = "what the result calls the data set. Default: the path that was given")
  private @Nullable String dataset;

  @Option(
      names = "--language",
      defaultValue = "en",
      description = "of the texts, for the result. Default: ${DEFAULT-VALUE}")
  private String language = "en";

  /** The model that was asked for, to be closed by the caller. */
  Diptych load(PrintWriter err) {
    return context.apply(model.load(), err);
  }

  BadLimit limit() {
    return pictures.limit();
  }

  int batchSize() {
    return pictures.batchSize();
  }

  /** Does some work on {@code count} pictures with a line of progress on standard error. */
  static <T> T withProgress(String label, long count, Function<LongConsumer, T> work) {
    ProgressLine line = ProgressLine.items(System.err, label, count, "pictures");
    try (line) {
      return work.apply(line::add);
    }
  }

  /** How many records were bad, for the details of a result. */
  static Map<String, Object> bad(BadRecords bad) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("total", bad.total());
    fields.put("summary", bad.summary());
    return fields;
  }

  /**
   * Prints the figures, and writes them to {@code --out}.
   *
   * @param subject what was measured on, in words
   * @param details of this task; those of all tasks are added
   */
  void tell(
      PrintWriter printed,
      Diptych loaded,
      String task,
      String data,
      String subject,
      SequencedMap<String, Double> metrics,
      SequencedMap<String, Object> details) {
    SequencedMap<String, Object> all = new LinkedHashMap<>();
    String version = EvaluationResult.class.getPackage().getImplementationVersion();
    all.put("diptych_version", version == null ? "(not packaged)" : version);
    all.put("java", Runtime.version().toString());
    all.put("date", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    all.put("model_fingerprint", loaded.clip().fingerprint());
    all.put("data", data);
    all.putAll(details);
    if (loaded.cutTexts().cut() > 0) {
      all.put("texts_cut", loaded.cutTexts().cut());
    }
    String name = dataset == null ? data : dataset;
    EvaluationResult result =
        new EvaluationResult(
            name,
            EvaluationResult.modelName(loaded.clip()),
            model.model().toString(),
            task,
            metrics,
            language,
            all);
    printed.printf("%s, %s on %s: %s%n", model.model(), task, name, subject);
    metrics.forEach(
        (metric, value) -> printed.printf(Locale.ROOT, "  %-40s %10.4f%n", metric, value));
    if (out != null) {
      result.write(out);
      printed.println("The result is in " + out);
    }
  }
}
