package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.Sha256;
import dev.diptych.clip.UserException;
import dev.diptych.clip.evaluate.ClassLabels;
import dev.diptych.clip.evaluate.Classification;
import dev.diptych.clip.evaluate.LabelledPictures;
import dev.diptych.clip.evaluate.ZeroShotEvaluation;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.Templates;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych evaluate zeroshot_classification}. */
@Command(
    name = "zeroshot_classification",
    description =
        "Classifies pictures by sentences on their classes: acc1, acc5, mean_per_class_recall.",
    mixinStandardHelpOptions = true)
final class EvaluateZeroShotCommand implements Callable<Integer> {
  private static final String SYNSET = "n\\d{8}";

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private EvaluationOptions options = new EvaluationOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Mixin private ClassNameOption names = new ClassNameOption();

  @Mixin private TemplateOptions templates = new TemplateOptions();

  @Option(
      names = "--data",
      paramLabel = "PATH",
      required = true,
      description = "a folder with a folder for each class, or tar shards with .cls")
  @SuppressWarnings("NullAway.Init")
  private String data;

  @Override
  public Integer call() {
    LabelledPictures pictures =
        LabelledPictures.open(data, "test", names.labels(), options.limit());
    ClassLabels classes = pictures.classes();
    if (!pictures.named() && classes.names().stream().allMatch(n -> n.matches("\\d+|" + SYNSET))) {
      throw new UserException(
          "%s: the labels are %s: these are no words; give names with --classes imagenet|cifar10|cifar100|FILE"
              .formatted(data, classes.names().subList(0, Math.min(3, classes.size()))));
    }
    List<String> usual = pictures.templates().isEmpty() ? Templates.SIMPLE : pictures.templates();
    try (ComputeDevice on = device.open();
        Diptych model = on.take(options.load(spec.commandLine().getErr()))) {
      ClassWeights weights = templates.embed(model, classes.names(), usual);
      Classification found =
          EvaluationOptions.withProgress(
              "classifying",
              pictures.examples().size(),
              progress ->
                  ZeroShotEvaluation.measure(
                      model, pictures, weights, options.batchSize(), progress));
      SequencedMap<String, Object> details = new LinkedHashMap<>();
      details.put("pictures", found.total());
      details.put("classes", classes.size());
      details.put("classes_with_pictures", found.classes());
      details.put("bad_records", EvaluationOptions.bad(pictures.source().bad()));
      details.put("templates", templates.templates(usual));
      details.put("class_names_sha256", Sha256.ofLines(classes.names()));
      details.put("prompts_sha256", weights.prompts());
      details.put(
          "protocol",
          "class embedding: normalised mean over templates of normalised embeddings; ties count"
              + " against the model");
      options.tell(
          spec.commandLine().getOut(),
          model,
          "zeroshot_classification",
          data,
          "%,d pictures, %,d classes, %,d templates, %s"
              .formatted(
                  found.total(),
                  classes.size(),
                  templates.templates(usual).size(),
                  pictures.source().bad().summary()),
          new LinkedHashMap<>(found.metrics()),
          details);
    }
    return 0;
  }
}
