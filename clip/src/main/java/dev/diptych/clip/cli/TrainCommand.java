package dev.diptych.clip.cli;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.train.Checkpoint;
import dev.diptych.clip.train.LoaderPairs;
import dev.diptych.clip.train.RetrievalValidation;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.clip.train.RunInputs;
import dev.diptych.clip.train.RunReport;
import dev.diptych.clip.train.RunSettings;
import dev.diptych.clip.train.StopSignal;
import dev.diptych.clip.train.TrainOptions;
import dev.diptych.clip.train.Trainer;
import dev.diptych.clip.train.TrainingRun;
import dev.diptych.clip.weights.ModelFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code diptych train}: a CLIP of one's own from pictures with captions. */
@Command(
    name = "train",
    description = {
      "Trains a CLIP from scratch on pictures with captions.",
      "Data: WebDataset shards ('a-{000000..000003}.tar'), a CSV or TSV table, Flickr's",
      "captions.txt, or a folder with one of these."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class TrainCommand implements Callable<Integer> {
  @Option(
      names = {"--data", "--train-data"},
      paramLabel = "PATH",
      description = "where the pairs to learn from are")
  private @Nullable String data;

  @Option(
      names = "--val-data",
      paramLabel = "PATH",
      description = "pairs to measure retrieval on; never learned from")
  private @Nullable String validationData;

  @Option(
      names = "--val-classnames",
      paramLabel = "FILE",
      description = "names of the classes that the labels (.cls) of --val-data mean, one a line")
  private @Nullable Path validationClasses;

  @Option(
      names = "--model",
      paramLabel = "PRESET",
      description =
          "preset: mini-48, mini-64, mini-112, ViT-B/32, RN50 and others. Default:"
              + " ${DEFAULT-VALUE}",
      defaultValue = "mini-64")
  private String model = "";

  @Option(
      names = "--embed-dim",
      paramLabel = "N",
      description = "width of the space that pictures and texts share. Default: the preset's")
  private @Nullable Integer embedDim;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "folder of the run under --logs. Default: ${DEFAULT-VALUE}",
      defaultValue = "train")
  private String name = "";

  @Option(
      names = "--logs",
      paramLabel = "FOLDER",
      description = "where runs are kept. Default: ${DEFAULT-VALUE}",
      defaultValue = "runs")
  private Path logs = Path.of("runs");

  @Option(
      names = "--resume",
      description =
          "folder of a run to go on with; its options are taken from there, but not --device and"
              + " --precision",
      paramLabel = "RUN")
  private @Nullable Path resume;

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Mixin private BulkOptions bulk = new BulkOptions(128, 10, 0.01);

  @Mixin private HyperParameters hyper = new HyperParameters();

  @Option(
      names = "--aug-scale",
      paramLabel = "SHARE",
      defaultValue = "0.9",
      description =
          "least share of a picture's area that a random crop takes. Default: ${DEFAULT-VALUE}")
  private double cropLeast;

  @Option(
      names = "--aug-flip",
      paramLabel = "SHARE",
      defaultValue = "0",
      description = "probability of mirroring. Default: ${DEFAULT-VALUE}")
  private double flip;

  @Option(
      names = "--vocab",
      paramLabel = "PATH",
      description = "vocabulary to use. Default: one is trained on the captions")
  private @Nullable Path vocabulary;

  @Option(
      names = "--vocab-size",
      paramLabel = "N",
      description = "size of the trained vocabulary. Default: the preset's")
  private @Nullable Integer vocabularySize;

  @Option(
      names = "--log-every-n-steps",
      paramLabel = "N",
      defaultValue = "20",
      description = "steps from line to line of the log. Default: ${DEFAULT-VALUE}")
  private int logEvery;

  @Option(
      names = "--val-every",
      paramLabel = "N",
      defaultValue = "200",
      description =
          "steps from validation to validation; 0 for the end only. Default: ${DEFAULT-VALUE}")
  private int validateEvery;

  @Option(
      names = "--save-every",
      paramLabel = "N",
      defaultValue = "200",
      description =
          "steps from checkpoint to checkpoint; 0 for the end only. Default: ${DEFAULT-VALUE}")
  private int saveEvery;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "2",
      description = "how many checkpoints to keep. Default: ${DEFAULT-VALUE}")
  private int keep;

  @Option(
      names = "--workers",
      paramLabel = "N",
      description = "threads that read and decode pictures")
  private @Nullable Integer workers;

  @ArgGroup(exclusive = false, heading = "Tables:%n")
  private TableOptions table = new TableOptions();

  @Override
  public Integer call() throws IOException {
    try (ComputeDevice on = device.open()) { // before anything is read or written
      return run(on);
    }
  }

  private int run(ComputeDevice on) throws IOException {
    if (resume != null) {
      return resume(new RunFolder(resume), on);
    }
    if (data == null) {
      throw new UserException(
          "there is nothing to learn from: give --data SHARDS, TABLE or FOLDER, or --resume RUN");
    }
    RunFolder folder = new RunFolder(logs.resolve(name));
    if (folder.latestCheckpoint() != null) {
      throw new UserException(
          "the run %s exists already: go on with --resume %s, or choose another --name"
              .formatted(folder.path(), folder.path()));
    }
    return start(folder, data, on);
  }

  private int start(RunFolder folder, String dataSpec, ComputeDevice on) throws IOException {
    // What is quickly found wrong comes before what takes time.
    ClipConfig named = ClipConfig.preset(model);
    ClipConfig preset = embedDim == null ? named : named.withEmbedDim(embedDim);
    RunSettings.Data settings = dataSettings(dataSpec);
    TrainingRun.Rhythm rhythm = new TrainingRun.Rhythm(logEvery, validateEvery, saveEvery, keep);
    IndexedSource source = RunInputs.training(settings);
    TrainOptions training = hyper.options(source, bulk.batchSize(), preset.vision());
    List<String> captions = captions(source);
    Tokenizer tokenizer =
        vocabulary != null
            ? Tokenizer.load(vocabulary)
            : BpeTrainer.train(
                captions,
                vocabularySize != null ? vocabularySize : preset.text().vocabularySize(),
                2);
    ClipConfig config = preset.withVocabulary(tokenizer.size());
    tokenizer.save(folder.path());
    folder.truncateLog(-1);
    folder.writeSettings(new RunSettings(config, training, rhythm, settings));
    Clip clip = Clip.create(config, training.seed());
    System.out.printf(
        "%s: %,d parameters, vocabulary of %,d; %,d pictures, %,d steps of %d, on %s%n",
        model,
        clip.parameters().size(),
        tokenizer.size(),
        source.size(),
        training.steps(),
        bulk.batchSize(),
        on.description());
    reportTruncation(captions, tokenizer, config.text().contextLength());
    try (Trainer trainer = new Trainer(on.take(clip), training)) {
      return run(folder, trainer, source, tokenizer);
    }
  }

  private static void reportTruncation(
      List<String> captions, Tokenizer tokenizer, int contextLength) {
    long cut = 0;
    for (String caption : captions) {
      cut += tokenizer.tokenize(caption, contextLength, Truncation.CUT).lost() > 0 ? 1 : 0;
    }
    if (cut > 0) {
      System.out.printf(
          "%,d of %,d captions are longer than the %d tokens that the model reads; their ends are"
              + " cut off%n",
          cut, captions.size(), contextLength);
    }
  }

  private int resume(RunFolder folder, ComputeDevice on) throws IOException {
    RunSettings settings = folder.readSettings();
    Path checkpoint = folder.latestCheckpoint();
    if (checkpoint == null) {
      throw new UserException(folder.path() + " has no checkpoint to go on from");
    }
    IndexedSource source = RunInputs.training(settings.data());
    try (Trainer trainer = new Trainer(on.take(load(folder, checkpoint)), settings.train())) {
      Checkpoint.restore(trainer, checkpoint);
      if (trainer.isDone()) {
        System.out.printf(
            "%s is done already: all %d steps%n", folder.path(), settings.train().steps());
        return 0;
      }
      folder.truncateLog(trainer.step());
      System.out.printf(
          "Going on with %s after step %d of %d%n",
          folder.path(), trainer.step(), settings.train().steps());
      return run(folder, trainer, source, Tokenizer.load(folder.path()));
    }
  }

  private static Clip load(RunFolder folder, Path checkpoint) {
    try {
      return ModelFiles.load(checkpoint);
    } catch (UserException e) {
      List<Path> all = folder.checkpoints();
      if (all.size() < 2) {
        throw e;
      }
      throw new UserException(
          "%s%nDelete this checkpoint to go on from the one before it, %s"
              .formatted(e.getMessage(), all.get(all.size() - 2)),
          e);
    }
  }

  private int run(RunFolder folder, Trainer trainer, IndexedSource source, Tokenizer tokenizer)
      throws IOException {
    RunSettings settings = folder.readSettings();
    RetrievalValidation validation = RunInputs.validation(settings, tokenizer);
    if (validation != null) {
      System.out.printf(
          "Validation: %,d pictures, %,d different captions%n",
          validation.pictures(), validation.texts());
    }
    try (StopSignal stop = StopSignal.install();
        LoaderPairs pairs = RunInputs.pairs(settings, source, tokenizer, workers)) {
      TrainingRun run =
          new TrainingRun(folder, trainer, pairs, validation, settings.rhythm(), System.out);
      TrainingRun.Outcome outcome;
      try {
        outcome = run.run(stop);
      } catch (IOException e) {
        if (!stop.isRequested()) {
          throw e;
        }
        System.err.println(UserException.reason(e)); // once stop is closed, the machine is gone
        return Main.MISTAKE;
      }
      if (source.bad().total() > 0) {
        System.out.println("Skipped: " + source.bad().summary());
      }
      if (outcome == TrainingRun.Outcome.STOPPED) {
        return Main.INTERRUPTED;
      }
      RunReport.write(folder, trainer.step());
      System.out.printf(
          "Done: %s%nAsk it: ./diptych classify --model %s PICTURE --labels \"…\" \"…\"%n",
          folder.path(), folder.path());
      return 0;
    }
  }

  private RunSettings.Data dataSettings(String dataSpec) {
    BadLimit limit = bulk.limit();
    return new RunSettings.Data(
        dataSpec,
        validationData,
        validationClasses == null ? null : validationClasses.toString(),
        table.separator(),
        table.imageKey(),
        table.captionKey(),
        limit.maxBad(),
        limit.maxBadFraction(),
        cropLeast,
        1,
        flip);
  }

  private static List<String> captions(IndexedSource source) {
    List<String> captions = new ArrayList<>();
    for (Example example : source.examples()) {
      captions.addAll(example.captions());
    }
    return captions;
  }
}
