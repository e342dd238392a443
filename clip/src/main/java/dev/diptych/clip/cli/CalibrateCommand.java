package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.NoneOfThese;
import dev.diptych.clip.zeroshot.Statistic;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych calibrate}: when is a picture of none of these labels? */
@Command(
    name = "calibrate",
    description = {
      "Finds when classify answers that a picture shows none of the labels.",
      "It is given pictures that show none; classify --none-of-these FILE goes by what it writes."
    },
    mixinStandardHelpOptions = true)
final class CalibrateCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Mixin private ContextLength context = new ContextLength();

  @Mixin private LabelOptions labels = new LabelOptions();

  @Option(
      names = "--false-alarms",
      paramLabel = "SHARE",
      defaultValue = "0.05",
      description =
          "the share of pictures without any of the labels that may be given one. Default:"
              + " ${DEFAULT-VALUE}")
  private double falseAlarms;

  @Option(
      names = "--statistic",
      paramLabel = "NAME",
      description =
          "mcm: maximum concept matching, what a picture has more of one label than of the"
              + " others; cosine: how much it has of the best label. Default: mcm, or cosine of a"
              + " single label")
  private @Nullable Statistic statistic;

  @Option(
      names = "--positives",
      arity = "1..*",
      paramLabel = "PICTURE",
      description =
          "pictures that do show one of the labels, to see how many keep it; where the topmost"
              + " folder or the class is a label, also how many are named right")
  private List<String> positives = new ArrayList<>();

  @Option(names = "--out", required = true, paramLabel = "FILE", description = "the file to write")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  @Mixin private BulkOptions pictures = new BulkOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "pictures that show none of the labels: files, folders, or tar shards")
  private List<String> negatives = new ArrayList<>();

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    PictureInputs without = PictureInputs.open(negatives, pictures.limit());
    PictureInputs with =
        positives.isEmpty() ? null : PictureInputs.open(positives, pictures.limit());
    try (ComputeDevice on = device.open();
        Diptych loaded = on.take(context.apply(model.load(), err))) {
      ClassWeights classes = labels.embed(loaded);
      ZeroShotClassifier classifier = new ZeroShotClassifier(loaded, classes);
      Statistic chosen =
          statistic != null ? statistic : classes.size() > 1 ? Statistic.MCM : Statistic.COSINE;
      List<Double> scores = new ArrayList<>();
      classify(
          loaded, classifier, without, (label, all) -> scores.add(NoneOfThese.score(chosen, all)));
      NoneOfThese none =
          NoneOfThese.calibrate(
              loaded,
              classes,
              chosen,
              scores.stream().mapToDouble(Double::doubleValue).toArray(),
              falseAlarms);
      none.write(out);
      print(none);
      if (with != null) {
        Kept kept = new Kept(none, classes.labels());
        classify(loaded, classifier, with, kept::add);
        kept.print(spec.commandLine().getOut());
      }
    }
    return 0;
  }

  /** Gives what every picture's class is said to be, "" if nothing is, and all its predictions. */
  private void classify(
      Diptych loaded,
      ZeroShotClassifier classifier,
      PictureInputs inputs,
      BiConsumer<String, List<Prediction>> sink) {
    inputs.embed(
        loaded,
        pictures.batchSize(),
        System.err,
        one -> {
          String label = one.example().label();
          sink.accept(label == null ? "" : label, classifier.classify(one.vector()));
        });
    inputs.check();
  }

  private void print(NoneOfThese none) {
    spec.commandLine()
        .getOut()
        .printf(
            Locale.ROOT,
            "%s: \"none of these\" unless the %s is above %.5f%n"
                + "  calibrated on %,d pictures that show none of %,d labels%n"
                + "  of such pictures at most %s %% are to be given a label; with 95 %% confidence"
                + " it is below %.1f %%%n",
            out,
            none.statistic().name().toLowerCase(Locale.ROOT),
            none.threshold(),
            none.pictures(),
            none.labels().size(),
            percent(none.falseAlarms()),
            100 * none.upperRate());
  }

  private static String percent(double share) {
    return new java.math.BigDecimal(Double.toString(share))
        .movePointRight(2)
        .stripTrailingZeros()
        .toPlainString();
  }

  /** What becomes of pictures that do show a label. */
  private static final class Kept {
    private final NoneOfThese none;
    private final List<String> labels;
    private final Map<String, Integer> numbers = new TreeMap<>();
    private long pictures;
    private long kept;
    private long named;
    private long right;

    Kept(NoneOfThese none, List<String> labels) {
      this.none = none;
      this.labels = labels;
      for (int i = 0; i < labels.size(); i++) {
        numbers.put(Integer.toString(i), i);
      }
    }

    void add(String label, List<Prediction> all) {
      boolean keeps = !none.isNone(none.score(all));
      pictures++;
      kept += keeps ? 1 : 0;
      Integer number = numbers.get(label);
      String name = labels.contains(label) || number == null ? label : labels.get(number);
      if (labels.contains(name)) {
        named++;
        right += keeps && all.getFirst().label().equals(name) ? 1 : 0;
      }
    }

    void print(PrintWriter out) {
      out.printf(
          Locale.ROOT,
          "  of %,d pictures that show one, %.1f %% keep it%n",
          pictures,
          100.0 * kept / pictures);
      if (named > 0) {
        out.printf(
            Locale.ROOT,
            "  of %,d whose class is a label, %.1f %% keep it and are named right%n",
            named,
            100.0 * right / named);
      }
    }
  }
}
