package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.data.DataOptions;
import dev.diptych.clip.data.Input;
import dev.diptych.clip.embed.BulkEmbedder;
import dev.diptych.clip.embed.EmbedOptions;
import dev.diptych.clip.embed.PictureEmbedder;
import dev.diptych.tensor.DType;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych embed}: pictures and texts into files of vectors. */
@Command(
    name = "embed",
    description = {
      "Embeds pictures, texts or pairs into npy or safetensors files that other programs read.",
      "Stopped at any time, the same command goes on where it was."
    },
    mixinStandardHelpOptions = true)
final class EmbedCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FOLDER",
      description = "folder to write to")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  @Option(
      names = "--content",
      paramLabel = "KIND",
      description =
          "what a row is: images, texts or pairs, which are pictures with their first captions."
              + " Default: texts for files of texts, images for all else")
  private EmbedOptions.@Nullable Content content;

  @Option(
      names = "--features",
      description = "what linear probes learn from, instead of embeddings of pictures")
  private boolean features;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description = "npy or safetensors. Default: ${DEFAULT-VALUE}",
      defaultValue = "npy")
  private EmbedOptions.FileFormat format = EmbedOptions.FileFormat.NPY;

  @Option(
      names = "--dtype",
      paramLabel = "TYPE",
      description = "f32 or f16. Default: ${DEFAULT-VALUE}",
      defaultValue = "f32")
  private DType dtype = DType.F32;

  @Option(
      names = "--rows-per-file",
      paramLabel = "N",
      description =
          "records of a part; no more than these are lost when it is killed. Default:"
              + " ${DEFAULT-VALUE}",
      defaultValue = "10000")
  private int rowsPerFile;

  @Option(
      names = "--rank",
      paramLabel = "N",
      description =
          "of this process among those that share the work, from 0 on. Default: ${DEFAULT-VALUE}",
      defaultValue = "0")
  private int rank;

  @Option(
      names = "--world-size",
      paramLabel = "N",
      description = "how many processes share the work. Default: ${DEFAULT-VALUE}",
      defaultValue = "1")
  private int worldSize;

  @Option(
      names = "--text-field",
      paramLabel = "NAME",
      description = "field of JSON lines that holds the text. Default: ${DEFAULT-VALUE}",
      defaultValue = "text")
  private String textField = "";

  @Mixin private BulkOptions bulk = new BulkOptions();
  @Mixin private ContextLength contextLength = new ContextLength();

  @ArgGroup(exclusive = false, heading = "Tables:%n")
  private TableOptions table = new TableOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "DATA",
      description = "folders, picture files, tar shards, tables, or files of texts (.txt, .jsonl)")
  private List<String> data = new ArrayList<>();

  @Override
  public Integer call() {
    EmbedOptions options = options();
    PrintWriter printed = spec.commandLine().getOut();
    String noun =
        switch (options.content()) {
          case IMAGES -> "pictures";
          case TEXTS -> "texts";
          case PAIRS -> "pairs";
        };
    try (ComputeDevice on = device.open();
        Diptych loaded = on.take(contextLength.apply(model.load(), spec.commandLine().getErr()));
        EmbeddingProgress progress = new EmbeddingProgress(noun)) {
      BulkEmbedder.Outcome outcome =
          new BulkEmbedder(out, loaded, model.place().toString(), options).run(data, progress);
      progress.end();
      printed.printf(
          Locale.ROOT,
          "%s: %,d %s embedded, %,d were there already, %,d could not be read; %s%n",
          out,
          outcome.rows(),
          noun,
          outcome.before(),
          outcome.bad(),
          outcome.partsLeft() == 0
              ? "all %,d parts are done".formatted(outcome.parts())
              : "%,d parts are done, %,d are left to other processes"
                  .formatted(outcome.parts(), outcome.partsLeft()));
    }
    return 0;
  }

  private EmbedOptions options() {
    DataOptions reading =
        DataOptions.DEFAULT
            .withBadLimit(bulk.limit())
            .withColumns(table.imageKey(), table.captionKey())
            .withSeparator(DataOptions.parseSeparator(table.separator()));
    EmbedOptions.Content rows =
        content != null
            ? content
            : Input.areTexts(data, reading)
                ? EmbedOptions.Content.TEXTS
                : EmbedOptions.Content.IMAGES;
    return EmbedOptions.DEFAULT
        .withReading(reading, textField)
        .withFiles(format, dtype, rowsPerFile)
        .withBatchSize(bulk.batchSize())
        .withRank(rank, worldSize)
        .withContent(rows)
        .withOutput(features ? PictureEmbedder.Output.FEATURES : PictureEmbedder.Output.EMBEDDING);
  }
}
