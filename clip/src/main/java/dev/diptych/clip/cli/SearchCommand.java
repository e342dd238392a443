package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.report.Csv;
import dev.diptych.clip.retrieval.PictureIndex;
import dev.diptych.clip.retrieval.PictureIndex.Hit;
import dev.diptych.clip.retrieval.PictureIndex.Search;
import dev.diptych.clip.retrieval.Query;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code diptych search}: the pictures of an index that fit a text or look like a picture. */
@Command(
    name = "search",
    description = {
      "Finds the pictures of an index that fit a text, look like a picture, or both.",
      "What is given is added up, what comes with --minus and --minus-image is subtracted."
    },
    mixinStandardHelpOptions = true)
final class SearchCommand implements Callable<Integer> {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int RECALL_QUERIES = 200;

  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private IndexedModel model = new IndexedModel();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(names = "--plus", paramLabel = "TEXT", description = "another text to look for")
  private List<String> plus = new ArrayList<>();

  @Option(names = "--minus", paramLabel = "TEXT", description = "a text to move away from")
  private List<String> minus = new ArrayList<>();

  @Option(names = "--image", paramLabel = "PICTURE", description = "a picture to look for")
  private List<Path> images = new ArrayList<>();

  @Option(names = "--minus-image", paramLabel = "PICTURE", description = "one to move away from")
  private List<Path> minusImages = new ArrayList<>();

  @Option(
      names = "--top",
      paramLabel = "N",
      description = "how many pictures to show. Default: ${DEFAULT-VALUE}",
      defaultValue = "10")
  private int top;

  @Option(
      names = "--search",
      paramLabel = "KIND",
      description =
          "exact compares with every picture, approximate walks the graph of an HNSW, auto is exact"
              + " up to 50,000 pictures. Default: ${DEFAULT-VALUE}",
      defaultValue = "auto")
  private Search search = Search.AUTO;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      description =
          "table, jsonl (a JSON object a picture, one a line), json (an array of them) or csv."
              + " Default: ${DEFAULT-VALUE}",
      defaultValue = "table")
  private Format format = Format.TABLE;

  @Option(
      names = "--measure-recall",
      description =
          "look for nothing; say how many of the truly nearest the approximate search finds")
  private boolean measureRecall;

  @Parameters(index = "0", paramLabel = "IDX", description = "the index's folder")
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  @Parameters(index = "1", arity = "0..1", paramLabel = "TEXT", description = "what to look for")
  private @Nullable String text;

  /** How hits are printed. */
  enum Format {
    TABLE,
    JSONL,
    JSON,
    CSV
  }

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    try (PictureIndex index = PictureIndex.open(folder)) {
      if (measureRecall) {
        printRecall(out, index);
        return 0;
      }
      Query query = query(); // before the model: a mistake shows at once
      try (ComputeDevice on = device.open();
          Diptych loaded = on.take(model.load(index))) {
        print(out, index.search(query.vector(loaded), top, search));
      }
    }
    return 0;
  }

  private Query query() {
    Query query = new Query();
    if (text != null) {
      query.plus(text);
    }
    plus.forEach(query::plus);
    minus.forEach(query::minus);
    images.forEach(image -> query.plus(PictureDecoder.read(image)));
    minusImages.forEach(image -> query.minus(PictureDecoder.read(image)));
    if (text == null && plus.isEmpty() && images.isEmpty()) {
      throw new UserException(
          "there is nothing to look for: give a text, as in ./diptych search %s \"a dog\", or"
                  .formatted(folder)
              + " --image PICTURE");
    }
    return query;
  }

  private void printRecall(PrintWriter out, PictureIndex index) {
    out.printf(
        Locale.ROOT,
        "the approximate search finds %.2f %% of the %d truly nearest (%,d of the %,d pictures as"
            + " queries)%n",
        100 * index.measureRecall(RECALL_QUERIES, top),
        top,
        Math.min(RECALL_QUERIES, index.size()),
        index.size());
  }

  private void print(PrintWriter out, List<Hit> hits) {
    switch (format) {
      case TABLE ->
          hits.forEach(hit -> out.printf(Locale.ROOT, "%7.4f  %s%n", hit.score(), hit.picture()));
      case JSONL -> hits.forEach(hit -> out.println(JSON.writeValueAsString(hit)));
      case JSON -> out.println(JSON.writeValueAsString(hits));
      case CSV -> {
        out.println("score,picture");
        hits.forEach(
            hit -> out.printf(Locale.ROOT, "%.6f,%s%n", hit.score(), Csv.field(hit.picture())));
      }
    }
  }
}
