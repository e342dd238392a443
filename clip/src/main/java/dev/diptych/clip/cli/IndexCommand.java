package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.retrieval.PictureIndexer;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych index}: pictures into an index that can be searched. */
@Command(
    name = "index",
    description = {
      "Embeds pictures into an index for search, or brings one up to date.",
      "New and changed pictures are embedded, those that are gone are deleted."
    },
    mixinStandardHelpOptions = true)
final class IndexCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(names = "--out", required = true, paramLabel = "IDX", description = "the index's folder")
  @SuppressWarnings("NullAway.Init")
  private Path out;

  @Option(names = "--rebuild", description = "forget what the index holds first")
  private boolean rebuild;

  @Mixin private BulkOptions bulk = new BulkOptions();

  @Parameters(
      arity = "1..*",
      paramLabel = "DATA",
      description = "folders of pictures, picture files, or tar shards")
  private List<String> data = new ArrayList<>();

  @Override
  public Integer call() {
    Path vocabulary = model.vocabulary();
    PrintWriter printed = spec.commandLine().getOut();
    BadLimit limit = bulk.limit();
    try (ComputeDevice on = device.open();
        Diptych loaded = on.take(model.load());
        EmbeddingProgress work = new EmbeddingProgress("pictures")) {
      PictureIndexer indexer =
          new PictureIndexer(
              out,
              loaded,
              model.place().toString(),
              vocabulary == null ? "" : vocabulary.toAbsolutePath().normalize().toString(),
              bulk.batchSize());
      PictureIndexer.Update update = indexer.update(data, rebuild, limit, work);
      work.end();
      printed.printf(
          Locale.ROOT,
          "%s: %,d new, %,d changed, %,d deleted, %,d unchanged%n",
          out,
          update.added(),
          update.changed(),
          update.deleted(),
          update.unchanged());
    }
    return 0;
  }
}
