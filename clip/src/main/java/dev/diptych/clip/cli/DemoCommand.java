package dev.diptych.clip.cli;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.demo.DemoEvaluation;
import dev.diptych.clip.demo.DemoReport;
import dev.diptych.clip.demo.DemoResult;
import dev.diptych.clip.demo.HeldOut;
import dev.diptych.clip.demo.Scene;
import dev.diptych.clip.demo.SceneGenerator;
import dev.diptych.clip.demo.SceneMix;
import dev.diptych.clip.demo.ScenePairs;
import dev.diptych.clip.report.HtmlReport;
import dev.diptych.clip.report.Report;
import dev.diptych.clip.report.Terminal;
import dev.diptych.clip.report.TextReport;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.train.Checkpoint;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.clip.train.RunSettings;
import dev.diptych.clip.train.TrainOptions;
import dev.diptych.clip.train.Trainer;
import dev.diptych.clip.train.TrainingRun;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code diptych demo}: a CLIP from nothing to an answer, in minutes, without data or network. */
@Command(
    name = "demo",
    description = {
      "Trains a small CLIP on drawn scenes and asks it for things it has never seen.",
      "Needs no data and no network; writes metrics.json and report.html."
    },
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  private static final int CAPTIONS_FOR_VOCABULARY = 20_000;
  private static final int LOSS_POINTS = 20; // steps between two points of the loss curve

  @Option(
      names = "--out",
      paramLabel = "FOLDER",
      description = "folder of the run. Default: ${DEFAULT-VALUE}")
  private Path out = Path.of("runs", "demo");

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "2000",
      description = "steps of training. Default: ${DEFAULT-VALUE}")
  private long steps;

  @Option(
      names = "--batch-size",
      paramLabel = "N",
      defaultValue = "64",
      description = "pairs in a step. Default: ${DEFAULT-VALUE}")
  private int batchSize;

  @Option(
      names = "--lr",
      paramLabel = "NUMBER",
      defaultValue = "1e-3",
      description = "highest learning rate. Default: ${DEFAULT-VALUE}")
  private double learningRate;

  @Option(
      names = "--wd",
      paramLabel = "NUMBER",
      defaultValue = "0.1",
      description = "weight decay. Default: ${DEFAULT-VALUE}")
  private double weightDecay;

  @Option(
      names = "--model",
      paramLabel = "PRESET",
      defaultValue = "mini-48",
      description = "preset of the model. Default: ${DEFAULT-VALUE}")
  private String preset = "";

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description =
          "of weights, scenes and the choice of what is held out. Default: ${DEFAULT-VALUE}")
  private long seed;

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Override
  public Integer call() throws IOException {
    try (ComputeDevice on = device.open()) { // before anything is written
      return run(on);
    }
  }

  private int run(ComputeDevice on) throws IOException {
    HeldOut heldOut = HeldOut.choose(new Philox(seed, Philox.stream(seed, 48)));
    SceneGenerator scenes = new SceneGenerator(seed, heldOut, SceneMix.standard());
    ClipConfig small = ClipConfig.preset(preset);
    Tokenizer tokenizer = BpeTrainer.train(captions(scenes), small.text().vocabularySize(), 2);
    ClipConfig config = small.withVocabulary(tokenizer.size());
    TrainOptions options =
        TrainOptions.of(
            batchSize, steps, Math.min(steps / 10, 50), learningRate, weightDecay, seed);
    RunFolder folder = new RunFolder(out);
    folder.truncateLog(-1);
    folder.deleteCheckpoints();
    tokenizer.save(folder.path());
    folder.writeSettings(
        new RunSettings(
            config,
            options,
            new TrainingRun.Rhythm(LOSS_POINTS, 0, 0, 1),
            new RunSettings.Data("generated scenes", null, null, null, null, null, 0, 0, 1, 1, 0)));
    Clip clip = Clip.create(config, seed);
    System.out.printf(
        Locale.ROOT,
        "Training a CLIP of %,d parameters from scratch on drawn scenes, %s.%n"
            + "Kept from it: %s.%n",
        clip.parameters().size(),
        on.description(),
        heldOut);
    try (Trainer trainer = new Trainer(on.take(clip), options);
        Diptych model = new Diptych(clip, tokenizer)) {
      DemoResult result = train(folder, trainer, model, scenes, on.description());
      Checkpoint.write(trainer, folder.checkpoint(trainer.step()));
      folder.writeMetrics(result.metrics());
      Report report = DemoReport.of(result);
      HtmlReport.write(report, folder.path().resolve("report.html"));
      System.out.println();
      System.out.println(TextReport.text(report, Terminal.isOutput()));
      System.out.printf(
          "The same as a page: %s%nAsk it yourself: ./diptych classify --model %s PICTURE --labels"
              + " \"a red circle\" \"a blue star\"%n",
          folder.path().resolve("report.html"), folder.path());
    }
    return 0;
  }

  private static List<String> captions(SceneGenerator scenes) {
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < CAPTIONS_FOR_VOCABULARY; i++) {
      RandomGenerator random = scenes.trainingRandom(i);
      Scene scene = scenes.generate(random);
      captions.add(scenes.caption(scene, random));
    }
    return captions;
  }

  private DemoResult train(
      RunFolder folder, Trainer trainer, Diptych model, SceneGenerator scenes, String where)
      throws IOException {
    ClipConfig config = model.clip().config();
    Curve loss = new Curve();
    List<Double> checkSteps = new ArrayList<>();
    List<DemoResult.ZeroShot> zeroShots = new ArrayList<>();
    List<Double> recalls = new ArrayList<>();
    // Scenes to measure on along the way are not those of the final figures.
    SceneGenerator alongTheWay =
        new SceneGenerator(seed + 2_000_000_000L, scenes.heldOut(), SceneMix.standard());
    DemoEvaluation check = new DemoEvaluation(model, alongTheWay, 16);
    long start = System.nanoTime();
    long spentChecking = 0;
    try (ScenePairs pairs =
        new ScenePairs(
            scenes,
            model.tokenizer(),
            config.vision().imageSize(),
            batchSize,
            config.text().contextLength())) {
      while (!trainer.isDone()) {
        Trainer.StepResult step = trainer.step(pairs.next());
        loss.add((double) step.step(), step.loss());
        double seconds = (System.nanoTime() - start) * 1e-9;
        if (step.step() % LOSS_POINTS == 0) {
          log(folder, step, trainer.gpuBytes(), seconds - spentChecking * 1e-9);
        }
        if (step.step() % Math.max(1, steps / 8) == 0 && !trainer.isDone()) {
          long before = System.nanoTime();
          DemoResult.ZeroShot zeroShot = check.zeroShot();
          double recall = check.retrieval().imageToText()[0];
          checkSteps.add((double) step.step());
          zeroShots.add(zeroShot);
          recalls.add(recall);
          System.out.printf(
              Locale.ROOT,
              "step %4d/%d  loss %.3f  in-batch accuracy %.2f  %4.0f pairs/s  unseen %4.1f %%"
                  + "  R@1 %4.1f %%  %3.0f s%n",
              step.step(),
              steps,
              loss.meanOfLast(LOSS_POINTS),
              step.accuracy(),
              step.step() * batchSize / (seconds - spentChecking * 1e-9),
              100 * zeroShot.unseen(),
              100 * recall,
              seconds);
          spentChecking += System.nanoTime() - before;
        }
      }
    }
    double seconds = (System.nanoTime() - start - spentChecking) * 1e-9;
    DemoEvaluation last =
        new DemoEvaluation(
            model,
            new SceneGenerator(seed + 1_000_000_000L, scenes.heldOut(), SceneMix.standard()),
            64);
    DemoResult.ZeroShot zeroShot = last.zeroShot();
    DemoResult.Retrieval retrieval = last.retrieval();
    checkSteps.add((double) steps);
    zeroShots.add(zeroShot);
    recalls.add(retrieval.imageToText()[0]);
    return new DemoResult(
        scenes.heldOut(),
        new DemoResult.Training(
            model.clip().parameters().size(),
            steps,
            batchSize,
            seconds,
            where,
            loss.meanOfLast(LOSS_POINTS),
            config.vision().imageSize()),
        zeroShot,
        retrieval,
        new DemoResult.Curves(
            loss.x(),
            loss.y(),
            checkSteps.stream().mapToDouble(Double::doubleValue).toArray(),
            zeroShots.stream().mapToDouble(DemoResult.ZeroShot::unseen).toArray(),
            zeroShots.stream().mapToDouble(DemoResult.ZeroShot::seen).toArray(),
            recalls.stream().mapToDouble(Double::doubleValue).toArray()),
        last.samples(),
        last.exhibits());
  }

  private void log(RunFolder folder, Trainer.StepResult step, OptionalLong gpuBytes, double seconds)
      throws IOException {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("step", step.step());
    figures.put("loss", step.loss());
    figures.put("accuracy", step.accuracy());
    figures.put("logit_scale", step.logitScale());
    figures.put("lr", step.learningRate());
    figures.put("grad_norm", step.gradientNorm());
    figures.put("pairs_per_second", step.step() * batchSize / seconds);
    gpuBytes.ifPresent(bytes -> figures.put("gpu_memory_bytes", bytes));
    folder.log(figures);
  }

  /** Points of a curve in the making. */
  private static final class Curve {
    private final List<Double> x = new ArrayList<>();
    private final List<Double> y = new ArrayList<>();

    void add(double at, double value) {
      x.add(at);
      y.add(value);
    }

    double meanOfLast(int count) {
      return y.subList(Math.max(0, y.size() - count), y.size()).stream()
          .mapToDouble(Double::doubleValue)
          .average()
          .orElse(Double.NaN);
    }

    double[] x() {
      return x.stream().mapToDouble(Double::doubleValue).toArray();
    }

    double[] y() {
      return y.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }
}
