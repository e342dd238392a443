package dev.diptych.clip.embed;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Embedder;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.Input;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Embeds any amount of pictures, texts or pairs into a folder that other programs read: NumPy or
 * safetensors files of (N, D) beside tables with as many rows in the same order, laid out as
 * clip-retrieval does.
 *
 * <pre>{@code
 * try (Diptych model = Diptych.load(modelPath)) {
 *   new BulkEmbedder(Path.of("out"), model, modelPath.toString(), EmbedOptions.DEFAULT)
 *       .run(List.of("shards/{00000..00099}.tar"), amount -> {});
 * }
 * }</pre>
 *
 * <p>First the inputs are listed and cut into parts, which the manifest says. Then part after part
 * is embedded and written. A process that is killed loses the part that it was at; run again, it
 * goes on, and the files are the same to the byte as if it had never stopped. Several processes
 * share the parts by {@link EmbedOptions#rank}: each part belongs to one of them, so they need not
 * know of each other. In memory are the vectors of one part and the names in one input.
 */
public final class BulkEmbedder {
  private final Path folder;
  private final Diptych model;
  private final String modelPath;
  private final EmbedOptions options;

  /**
   * What was done.
   *
   * @param rows that were embedded
   * @param before rows of these parts that were there already
   * @param parts that are done, those of other processes too
   * @param partsLeft to other processes
   * @param imageWidth numbers in a row of a picture, 0 if there are none
   * @param textWidth numbers in a row of a text, 0 if there are none
   * @param bad records that were left out of all parts that are done
   */
  public record Outcome(
      long rows, long before, int parts, int partsLeft, int imageWidth, int textWidth, long bad) {}

  /** A part of this process that is not done yet. */
  private record Work(int number, EmbedManifest.Part part) {}

  /**
   * Writes to {@code folder} what {@code model} makes.
   *
   * @param modelPath where the model came from, for the manifest
   */
  public BulkEmbedder(Path folder, Diptych model, String modelPath, EmbedOptions options) {
    this.folder = folder;
    this.model = model;
    this.modelPath = modelPath;
    this.options = options;
    long most = (long) options.rowsPerFile() * Math.max(imageWidth(), textWidth());
    if (most > Integer.MAX_VALUE) {
      throw new UserException(
          "a file holds at most 2147483647 numbers, %,d rows have %,d: lower --rows-per-file"
              .formatted(options.rowsPerFile(), most));
    }
  }

  private int imageWidth() {
    if (options.content() == EmbedOptions.Content.TEXTS) {
      return 0;
    }
    return switch (options.output()) {
      case EMBEDDING -> model.clip().config().embedDim();
      case FEATURES -> model.clip().vision().featureWidth();
    };
  }

  private int textWidth() {
    return options.content() == EmbedOptions.Content.IMAGES ? 0 : model.clip().config().embedDim();
  }

  /**
   * Embeds what is not there yet.
   *
   * @param specs as {@link Input#ofPictures} or {@link Input#ofTexts} understands them
   * @param progress told how many rows there are to embed, then −1 for each one done, −n for n that
   *     cannot be read
   * @throws UserException if an input cannot be read or has changed, too many records are bad, the
   *     folder was begun with other options, or it cannot be written
   */
  public Outcome run(List<String> specs, LongConsumer progress) {
    boolean texts = options.content() == EmbedOptions.Content.TEXTS;
    List<Input> inputs = texts ? Input.ofTexts(specs) : Input.ofPictures(specs);
    if (textWidth() > 0) {
      model.tokenizer(); // a vocabulary that is missing is said before anything is listed
    }
    BadRecords bad = new BadRecords(String.join(" ", specs), options.reading().badLimit());
    try {
      return run(inputs, bad, progress);
    } catch (IOException e) {
      throw new UserException(
          folder + ": cannot be written or read: " + UserException.reason(e), e);
    }
  }

  private Outcome run(List<Input> inputs, BadRecords bad, LongConsumer progress)
      throws IOException {
    EmbedManifest manifest = manifest(inputs, bad);
    PartFiles files = new PartFiles(folder, options, manifest.parts().size());
    List<Work> work = new ArrayList<>();
    long before = 0;
    int done = 0;
    int others = 0;
    for (int number = 0; number < manifest.parts().size(); number++) {
      PartFiles.Done note = files.done(number);
      boolean mine = number % options.worldSize() == options.rank();
      if (note != null) {
        note.bad().forEach(bad::addKnown);
        before += note.rows();
        done++;
      } else if (mine) {
        work.add(new Work(number, manifest.parts().get(number)));
      } else {
        others++;
      }
    }
    long rows = work.stream().mapToLong(one -> one.part().size()).sum();
    progress.accept(rows);
    long embedded = 0;
    try (PictureEmbedder pictures =
            new PictureEmbedder(model, options.output(), options.batchSize());
        Embedder texts = new Embedder(model.clip(), options.batchSize())) {
      for (int at = 0; at < work.size(); ) {
        int input = work.get(at).part().input();
        int end = at;
        while (end < work.size() && work.get(end).part().input() == input) {
          end++;
        }
        Run run = new Run(manifest, files, pictures, texts, bad, progress);
        embedded += run.embed(inputs.get(input), work.subList(at, end));
        at = end;
      }
    }
    return new Outcome(
        embedded,
        before,
        done + work.size(),
        others,
        manifest.imageWidth(),
        manifest.textWidth(),
        manifest.badWhenListed() + bad.count(BadReason.CORRUPT_PICTURE));
  }

  private EmbedManifest manifest(List<Input> inputs, BadRecords bad) throws IOException {
    String fingerprint = model.clip().fingerprint();
    EmbedManifest found = EmbedManifest.read(folder);
    if (found == null) {
      requireEmpty();
      EmbedManifest planned = plan(inputs, fingerprint, bad);
      // Another process may have been faster, and then its manifest counts.
      found = EmbedManifest.read(folder);
      if (found == null) {
        planned.write(folder);
        return planned;
      }
    }
    found.requireSame(
        folder,
        modelPath,
        fingerprint,
        options.decisive(),
        inputs.stream().map(Input::name).toList());
    return found;
  }

  private void requireEmpty() throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[!.]*")) {
      if (files.iterator().hasNext() && EmbedManifest.read(folder) == null) {
        throw new UserException(
            folder
                + " holds files, but no manifest.json: choose an empty folder for --out, so that"
                + " nothing is mixed");
      }
    }
  }

  private EmbedManifest plan(List<Input> inputs, String fingerprint, BadRecords bad) {
    List<EmbedManifest.Listed> listed = new ArrayList<>();
    List<EmbedManifest.Part> parts = new ArrayList<>();
    long total = 0;
    for (Input input : inputs) {
      long known = bad.total();
      try (Rows rows = Rows.open(input, options, bad)) {
        long from = 0;
        while (rows.hasNext()) {
          rows.beginPart();
          long to = from;
          while (to - from < options.rowsPerFile() && rows.hasNext()) {
            rows.next();
            to++;
          }
          parts.add(new EmbedManifest.Part(listed.size(), from, to, rows.endPart()));
          from = to;
        }
        total += from;
      }
      Map<BadReason, Long> counts = new EnumMap<>(BadReason.class);
      bad.after(known).forEach(one -> counts.merge(one.reason(), 1L, Long::sum));
      listed.add(new EmbedManifest.Listed(input.name(), counts));
      bad.check(total);
    }
    if (total == 0) {
      throw new UserException(
          "there is nothing to embed in %s: %s"
              .formatted(inputs.stream().map(Input::name).toList(), bad.summary()));
    }
    return new EmbedManifest(
        EmbedManifest.VERSION,
        modelPath,
        fingerprint,
        imageWidth(),
        textWidth(),
        options.decisive(),
        listed,
        parts);
  }

  /** Embeds the parts of one input that are to be done. */
  private final class Run {
    private final EmbedManifest manifest;
    private final PartFiles files;
    private final PictureEmbedder pictures;
    private final Embedder texts;
    private final BadRecords bad;
    private final LongConsumer progress;

    Run(
        EmbedManifest manifest,
        PartFiles files,
        PictureEmbedder pictures,
        Embedder texts,
        BadRecords bad,
        LongConsumer progress) {
      this.manifest = manifest;
      this.files = files;
      this.pictures = pictures;
      this.texts = texts;
      this.bad = bad;
      this.progress = progress;
    }

    /** Returns how many rows were embedded. */
    long embed(Input input, List<Work> work) throws IOException {
      long embedded = 0;
      long at = 0;
      try (Rows rows = Rows.open(input, options, bad)) {
        for (Work one : work) {
          for (; at < one.part().from() && rows.hasNext(); at++) {
            rows.next();
          }
          embedded += embed(input, one, rows);
          at = one.part().to();
        }
      }
      return embedded;
    }

    private int embed(Input input, Work work, Rows rows) throws IOException {
      int size = work.part().size();
      PartRows collected =
          new PartRows(options, model, texts, size, manifest.imageWidth(), manifest.textWidth());
      long known = bad.total();
      rows.beginPart();
      if (manifest.imageWidth() > 0) {
        pictures.embed(
            () -> examples(rows, size),
            bad,
            one -> {
              collected.add(Row.of(one.example()), one.vector());
              progress.accept(-1);
            });
      } else {
        for (int i = 0; i < size && rows.hasNext(); i++) {
          collected.add(rows.next(), null);
          progress.accept(-1);
        }
      }
      if (!rows.endPart().equals(work.part().digest())) {
        throw new UserException(
            ("%s has changed since %s was begun: its records %d to %d are others now; put it back"
                    + " as it was, or embed it into another --out")
                .formatted(input.name(), folder, work.part().from(), work.part().to()));
      }
      List<BadRecords.Bad> unreadable =
          bad.after(known).stream()
              .filter(one -> one.reason() == BadReason.CORRUPT_PICTURE)
              .toList();
      bad.check(totalRows() - bad.count(BadReason.CORRUPT_PICTURE));
      files.write(
          work.number(),
          collected.images(),
          collected.texts(),
          collected.metadata(),
          new PartFiles.Done(collected.rows(), unreadable));
      if (collected.rows() < size) {
        progress.accept(collected.rows() - size);
      }
      return collected.rows();
    }

    private long totalRows() {
      return manifest.parts().stream().mapToLong(EmbedManifest.Part::size).sum();
    }
  }

  private static Iterator<Example> examples(Rows rows, int most) {
    return new Iterator<>() {
      private int taken;

      @Override
      public boolean hasNext() {
        return taken < most && rows.hasNext();
      }

      @Override
      public Example next() {
        taken++;
        return Objects.requireNonNull(rows.next().example());
      }
    };
  }
}
