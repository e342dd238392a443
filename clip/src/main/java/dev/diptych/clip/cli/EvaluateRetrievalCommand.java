package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.DataOptions;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.evaluate.Retrieval;
import dev.diptych.clip.evaluate.RetrievalEvaluation;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych evaluate zeroshot_retrieval}. */
@Command(
    name = "zeroshot_retrieval",
    description = "Finds pictures by captions and captions by pictures: recall and ranks.",
    mixinStandardHelpOptions = true)
final class EvaluateRetrievalCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private EvaluationOptions options = new EvaluationOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description =
          "COCO's captions_*.json, Karpathy's dataset_*.json, Flickr's captions.txt or .token,"
              + " a table, tar shards, or a folder with one of these")
  @SuppressWarnings("NullAway.Init")
  private String data;

  @Option(
      names = "--images",
      paramLabel = "FOLDER",
      description = "where the pictures are, if not beside --data")
  private @Nullable Path images;

  @Option(
      names = "--split",
      paramLabel = "NAME",
      defaultValue = "test",
      description = "the part of Karpathy's JSON; other data have none. Default: ${DEFAULT-VALUE}")
  private String split = "test";

  @Option(
      names = "--captions-per-picture",
      paramLabel = "N",
      description = "the first N captions of each picture count: 5 for COCO's 5K. Default: all")
  private @Nullable Integer captions;

  @Option(
      names = "--template",
      paramLabel = "TEXT",
      defaultValue = "{}",
      description = "what a caption is put into, with {} for the caption. Default: the caption")
  private String template = "{}";

  @Override
  public Integer call() {
    if (!template.contains("{}") || (captions != null && captions < 1)) {
      throw new UserException(
          "--template needs {} where the caption goes, and --captions-per-picture 1 or more, got"
              + " '%s' and %s".formatted(template, captions));
    }
    int most = captions == null ? Integer.MAX_VALUE : captions;
    IndexedSource source =
        DataSource.openIndexed(
            data,
            DataOptions.DEFAULT
                .withImageRoot(images)
                .withSplit(split)
                .withBadLimit(options.limit()));
    try (ComputeDevice on = device.open();
        Diptych model = on.take(options.load(spec.commandLine().getErr()))) {
      Retrieval found =
          EvaluationOptions.withProgress(
              "embedding",
              source.size(),
              progress ->
                  RetrievalEvaluation.measure(
                      model, source, template, most, options.batchSize(), progress));
      SequencedMap<String, Double> metrics = new LinkedHashMap<>(found.benchmarkMetrics());
      metrics.putAll(found.metrics());
      SequencedMap<String, Object> details = new LinkedHashMap<>();
      details.put("pictures", found.pictures());
      details.put("captions", found.texts());
      details.put("bad_records", EvaluationOptions.bad(source.bad()));
      details.put("template", template);
      details.put("captions_per_picture", captions == null ? "all" : captions);
      details.put("split", split);
      details.put(
          "protocol",
          "any hit: %,d pictures among %,d captions and the other way round; a caption belongs to its picture alone; ties count against the model"
              .formatted(found.pictures(), found.texts()));
      options.tell(
          spec.commandLine().getOut(),
          model,
          "zeroshot_retrieval",
          data,
          "%,d pictures, %,d captions, %s"
              .formatted(found.pictures(), found.texts(), source.bad().summary()),
          metrics,
          details);
    }
    return 0;
  }
}
