package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.Sha256;
import dev.diptych.clip.evaluate.ClassLabels;
import dev.diptych.clip.evaluate.FeatureSet;
import dev.diptych.clip.evaluate.LabelledPictures;
import dev.diptych.clip.evaluate.LinearProbe;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code diptych evaluate linear_probe}. */
@Command(
    name = "linear_probe",
    description =
        "Fits logistic regression to features of pictures: acc1, acc5, mean_per_class_recall.",
    mixinStandardHelpOptions = true)
final class EvaluateLinearProbeCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private EvaluationOptions options = new EvaluationOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Mixin private ClassNameOption names = new ClassNameOption();

  @Option(
      names = "--train-data",
      paramLabel = "PATH",
      required = true,
      description = "a folder with a folder for each class, or tar shards with .cls")
  @SuppressWarnings("NullAway.Init")
  private String trainData;

  @Option(
      names = "--val-data",
      paramLabel = "PATH",
      description = "what chooses λ. Default: a share of the training pictures of each class")
  private @Nullable String valData;

  @Option(
      names = "--test-data",
      paramLabel = "PATH",
      required = true,
      description = "what is measured on")
  @SuppressWarnings("NullAway.Init")
  private String testData;

  @Option(
      names = "--val-fraction",
      paramLabel = "SHARE",
      defaultValue = "0.1",
      description = "that share. Default: ${DEFAULT-VALUE}")
  private double valFraction;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "of the choice of that share. Default: ${DEFAULT-VALUE}")
  private long seed;

  @Option(
      names = "--lambda",
      paramLabel = "NUMBER",
      description = "1/C of scikit-learn, instead of the search from 1e-6 to 1e6")
  private @Nullable Double lambda;

  @Option(
      names = "--max-iterations",
      paramLabel = "N",
      defaultValue = "1000",
      description = "of L-BFGS. Default: ${DEFAULT-VALUE}")
  private int maxIterations;

  @Option(
      names = "--features-dir",
      paramLabel = "FOLDER",
      description = "where features are kept for the next time")
  private @Nullable Path featuresDir;

  @Override
  public Integer call() {
    LinearProbe.Settings settings =
        new LinearProbe.Settings(
            maxIterations, LinearProbe.Settings.DEFAULT.tolerance(), valFraction, seed, lambda);
    LabelledPictures training =
        LabelledPictures.open(trainData, "train", names.labels(), options.limit());
    ClassLabels classes = training.classes();
    LabelledPictures validation =
        valData == null ? null : LabelledPictures.open(valData, "val", classes, options.limit());
    LabelledPictures test = LabelledPictures.open(testData, "test", classes, options.limit());
    PrintWriter err = spec.commandLine().getErr();
    try (ComputeDevice on = device.open();
        Diptych model = on.take(options.load(err))) {
      FeatureSet learned = features(model, training);
      FeatureSet validated = validation == null ? null : features(model, validation);
      FeatureSet tested = features(model, test);
      LinearProbe probe =
          LinearProbe.measure(
              classes.size(),
              learned,
              validated,
              tested,
              settings,
              trial ->
                  err.printf(
                      Locale.ROOT,
                      "λ = %-9.3g accuracy on the validation set %.4f%n",
                      trial.lambda(),
                      trial.accuracy()));
      options.tell(
          spec.commandLine().getOut(),
          model,
          "linear_probe",
          testData,
          "%,d pictures, %,d classes, learned from %,d; λ = %.3g, which had %.4f of %,d right"
              .formatted(
                  probe.test().total(),
                  classes.size(),
                  learned.labels().length + (validated == null ? 0 : validated.labels().length),
                  probe.lambda(),
                  probe.validation(),
                  probe.validating()),
          new LinkedHashMap<>(probe.test().metrics()),
          details(model, probe, classes, settings, learned, validated, tested));
    }
    return 0;
  }

  private FeatureSet features(Diptych model, LabelledPictures pictures) {
    return EvaluationOptions.withProgress(
        "features of " + pictures.source().name(),
        pictures.examples().size(),
        progress -> FeatureSet.cached(featuresDir, model, pictures, options.batchSize(), progress));
  }

  private SequencedMap<String, Object> details(
      Diptych model,
      LinearProbe probe,
      ClassLabels classes,
      LinearProbe.Settings settings,
      FeatureSet learned,
      @Nullable FeatureSet validated,
      FeatureSet tested) {
    SequencedMap<String, Object> details = new LinkedHashMap<>();
    details.put("train_data", trainData);
    details.put("val_data", valData == null ? "a share of train_data" : valData);
    details.put("val_fraction", valData == null ? valFraction : 0);
    details.put("seed", seed);
    details.put("train_pictures", probe.training());
    details.put("val_pictures", probe.validating());
    details.put("test_pictures", probe.test().total());
    details.put(
        "bad_records", learned.bad() + tested.bad() + (validated == null ? 0 : validated.bad()));
    details.put("classes", classes.size());
    details.put("class_names_sha256", Sha256.ofLines(classes.names()));
    details.put("feature_width", model.clip().vision().featureWidth());
    details.put("lambda", probe.lambda());
    details.put("C", 1 / probe.lambda());
    details.put("val_acc1", probe.validation());
    details.put("trials", probe.trials());
    details.put("iterations", probe.iterations());
    details.put("max_iterations", settings.maxIterations());
    details.put("tolerance", settings.tolerance());
    details.put(
        "protocol",
        "L-BFGS on the features before the projection; loss summed over pictures + λ/2·|W|², biases"
            + " free; λ chosen on the validation set, then fitted on training and validation set");
    return details;
  }
}
