package dev.diptych.clip.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.NoneOfThese;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import dev.diptych.tensor.io.AtomicFile;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych classify}: which of these labels do these pictures show? */
@Command(
    name = "classify",
    description = "Tells which of some labels pictures show, without training on them.",
    mixinStandardHelpOptions = true)
final class ClassifyCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Mixin private ContextLength context = new ContextLength();

  @Mixin private LabelOptions labels = new LabelOptions();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "how many labels to show. Default: ${DEFAULT-VALUE}",
      defaultValue = "5")
  private int top;

  @Option(
      names = "--none-of-these",
      paramLabel = "FILE",
      description = "say when a picture shows none of the labels; FILE is made by calibrate")
  private @Nullable Path noneOfThese;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      defaultValue = "table",
      description =
          "table: for people; jsonl: a JSON object a picture, one a line; json: the same as an"
              + " array; csv: a row a label. Default: ${DEFAULT-VALUE}")
  private PredictionFormat format = PredictionFormat.TABLE;

  @Option(names = "--out", paramLabel = "FILE", description = "write there, when all is done")
  private @Nullable Path out;

  @Mixin private BulkOptions pictureOptions = new BulkOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "PICTURE",
      description = "picture files, folders of pictures at any depth, or tar shards")
  private List<String> pictures = new ArrayList<>();

  @Override
  public Integer call() throws IOException {
    PictureInputs inputs = PictureInputs.open(pictures, pictureOptions.limit());
    NoneOfThese none = noneOfThese == null ? null : NoneOfThese.read(noneOfThese);
    PrintWriter printer = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    try (ComputeDevice on = device.open();
        Diptych loaded = on.take(context.apply(model.load(), err))) {
      ClassWeights classes = labels.embed(loaded);
      if (none != null && noneOfThese != null) {
        none.require(noneOfThese, loaded, classes);
      }
      Asked asked = new Asked(loaded, new ZeroShotClassifier(loaded, classes), none);
      if (out == null) {
        answer(inputs, asked, printer, null);
      } else {
        write(out, inputs, asked);
      }
    }
    inputs.check();
    return 0;
  }

  private record Asked(Diptych model, ZeroShotClassifier classifier, @Nullable NoneOfThese none) {}

  private void write(Path file, PictureInputs inputs, Asked asked) {
    try {
      AtomicFile.write(
          file,
          channel -> {
            OutputStream stream = Channels.newOutputStream(channel);
            Writer writer = new BufferedWriter(new OutputStreamWriter(stream, UTF_8));
            answer(inputs, asked, writer, System.err);
          });
    } catch (IOException e) {
      throw new UserException(file + ": cannot be written: " + UserException.reason(e), e);
    }
  }

  private void answer(PictureInputs inputs, Asked asked, Writer writer, @Nullable PrintStream told)
      throws IOException {
    format.begin(writer, asked.none() != null);
    long[] number = {0};
    try {
      inputs.embed(
          asked.model(),
          pictureOptions.batchSize(),
          told,
          one -> {
            List<Prediction> all = asked.classifier().classify(one.vector());
            NoneOfThese none = asked.none();
            PredictionFormat.Answer answer =
                new PredictionFormat.Answer(
                    number[0]++,
                    one.example(),
                    all.subList(0, Math.min(Math.max(1, top), all.size())),
                    none,
                    none == null ? 0 : none.score(all));
            try {
              format.write(writer, answer);
              if (told == null) {
                writer.flush(); // whoever reads along sees every picture at once
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    } catch (UncheckedIOException e) {
      throw Objects.requireNonNull(e.getCause());
    }
    format.end(writer);
    writer.flush();
  }
}
