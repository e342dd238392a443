package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.data.CocoInstances;
import dev.diptych.clip.evaluate.PointingEvaluation;
import dev.diptych.clip.explain.Method;
import dev.diptych.clip.explain.PointingGame;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych evaluate pointing_game}. */
@Command(
    name = "pointing_game",
    description = "Asks where things are in pictures whose boxes are known: pointing_accuracy.",
    mixinStandardHelpOptions = true)
final class EvaluatePointingCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private EvaluationOptions options = new EvaluationOptions();

  @Mixin private ExplainMethod method = new ExplainMethod();

  @Option(
      names = "--data",
      required = true,
      description = "COCO's instances_*.json, or a folder with them")
  @SuppressWarnings("NullAway.Init")
  private Path data;

  @Option(
      names = "--images",
      paramLabel = "FOLDER",
      description = "where the pictures are, if not beside --data")
  private @Nullable Path images;

  @Option(
      names = "--template",
      defaultValue = "a photo of a {}.",
      description = "what a class is put into, with {} for its name. Default: ${DEFAULT-VALUE}")
  private String template = "a photo of a {}.";

  @Option(
      names = "--tolerance",
      paramLabel = "PIXELS",
      defaultValue = "15",
      description = "by how much a point may miss a box. Default: ${DEFAULT-VALUE}, as published")
  private double tolerance;

  @Override
  public Integer call() {
    if (!template.contains("{}") || !(tolerance >= 0)) {
      throw new UserException(
          "--template needs {} where the class goes, and --tolerance 0 pixels or more, got '%s' and %s"
              .formatted(template, tolerance));
    }
    BadRecords bad = new BadRecords(data.toString(), options.limit());
    List<CocoInstances.Scene> scenes = CocoInstances.read(data, images, bad);
    try (Diptych model = options.load(spec.commandLine().getErr())) {
      Method used = method.of(model.clip().vision());
      PointingGame game =
          EvaluationOptions.withProgress(
              "pointing",
              scenes.size(),
              progress ->
                  PointingEvaluation.play(model, scenes, template, used, tolerance, bad, progress));
      SequencedMap<String, Object> details = new LinkedHashMap<>();
      details.put("pictures", scenes.size());
      details.put("questions", game.outcome().questions());
      details.put("classes", game.outcome().classes());
      details.put("questions_difficult", game.difficult().questions());
      details.put("questions_out_of_sight", game.unseen());
      details.put("bad_records", EvaluationOptions.bad(bad));
      details.put("method", used.name().toLowerCase(Locale.ROOT));
      details.put("template", template);
      details.put("tolerance", tolerance);
      details.put(
          "protocol",
          "a hit is within the tolerance of a box of the class; mean over classes; difficult: boxes"
              + " fill less than a quarter of the picture and another class is in it");
      options.tell(
          spec.commandLine().getOut(),
          model,
          "pointing_game",
          data.toString(),
          "%,d pictures, %,d questions about %,d classes, %s"
              .formatted(
                  scenes.size(),
                  game.outcome().questions(),
                  game.outcome().classes(),
                  bad.summary()),
          new LinkedHashMap<>(PointingEvaluation.metrics(game)),
          details);
    }
    return 0;
  }
}
