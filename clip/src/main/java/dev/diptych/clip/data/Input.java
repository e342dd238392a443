package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;

/**
 * What is listed in one go: a shard, a table, a folder of pictures, or picture files that were
 * named one after the other. A data set too large to be held in memory is a list of these.
 */
public final class Input {
  private final List<Path> paths;

  private Input(List<Path> paths) {
    this.paths = List.copyOf(paths);
  }

  /**
   * The inputs that hold pictures, with captions or without, see {@link DataSource#openPictures};
   * nothing is listed yet.
   *
   * @throws UserException when one is missing
   */
  public static List<Input> ofPictures(List<String> specs) {
    List<Input> inputs = new ArrayList<>();
    List<Path> pictures = new ArrayList<>();
    for (String spec : specs) {
      for (Path path : SourceFinder.paths(spec)) {
        if (!Files.isDirectory(path) && SourceFinder.isPicture(path)) {
          pictures.add(path);
          continue;
        }
        addPictures(inputs, pictures);
        if (Files.isDirectory(path) && !SourceFinder.holdsShards(path)) {
          inputs.add(new Input(List.of(path)));
        } else {
          addFiles(inputs, path);
        }
      }
    }
    addPictures(inputs, pictures);
    return inputs;
  }

  private static void addPictures(List<Input> inputs, List<Path> pictures) {
    if (!pictures.isEmpty()) {
      inputs.add(new Input(pictures));
      pictures.clear();
    }
  }

  private static void addFiles(List<Input> inputs, Path path) {
    List<Path> files = new ArrayList<>();
    SourceFinder.addFile(path, files);
    for (Path file : files) {
      inputs.add(new Input(List.of(file)));
    }
  }

  /**
   * The inputs that hold texts: files with a text a line ({@code .txt}), files of JSON lines,
   * tables with a column of texts, and all that {@link DataSource#open} understands; nothing is
   * read yet.
   *
   * @throws UserException when one is missing
   */
  public static List<Input> ofTexts(List<String> specs) {
    List<Input> inputs = new ArrayList<>();
    for (String spec : specs) {
      for (Path path : SourceFinder.paths(spec)) {
        addFiles(inputs, path);
      }
    }
    return inputs;
  }

  /**
   * Whether all that is named are files with a text in each line.
   *
   * @throws UserException when one is missing
   */
  public static boolean areTexts(List<String> specs, DataOptions options) {
    for (String spec : specs) {
      for (Path path : SourceFinder.paths(spec)) {
        if (Files.isDirectory(path) || (!isJsonLines(path) && !isPlain(path, options))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isJsonLines(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).matches(".*\\.(jsonl|ndjson)");
  }

  private static boolean isPlain(Path file, DataOptions options) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".txt")
        && !CaptionTable.isTable(file, options)
        && !CaptionTable.isTokenList(file);
  }

  /** What to call it. */
  public String name() {
    String first = paths.getFirst().toString();
    return paths.size() == 1 ? first : first + " and " + (paths.size() - 1) + " more";
  }

  /**
   * Its pictures in their order.
   *
   * @throws UserException when it cannot be read
   */
  public List<Example> examples(DataOptions options, BadRecords bad) {
    Path first = paths.getFirst();
    if (Files.isDirectory(first)) {
      try {
        return PictureFolder.index(first, bad);
      } catch (IOException e) {
        throw TarShard.unreadable(first, e);
      }
    }
    if (SourceFinder.isPicture(first)) {
      return paths.stream().map(PictureFolder::single).toList();
    }
    return SourceFinder.index(first, options, bad);
  }

  /**
   * Its texts in their order.
   *
   * @param field the field of a JSON line that is the text
   * @throws UserException when it cannot be read
   */
  public Texts texts(DataOptions options, String field, BadRecords bad) {
    Path file = paths.getFirst();
    if (isJsonLines(file)) {
      return TextLines.json(file, field, bad);
    }
    if (isPlain(file, options)) {
      return TextLines.plain(file, bad);
    }
    if (file.toString().toLowerCase(Locale.ROOT).matches(".*\\.(csv|tsv|txt)")
        && !CaptionTable.isTokenList(file)) {
      return TextTable.open(file, options, bad);
    }
    return captions(SourceFinder.index(file, options.withRequireCaptions(true), bad));
  }

  private static Texts captions(List<Example> examples) {
    Iterator<Text> all =
        examples.stream()
            .flatMap(example ->
                example.captions().stream()
                    .map(text -> new Text(example.key(), text, example.picture().name())))
            .iterator();
    return new Texts() {
      @Override
      public boolean hasNext() {
        return all.hasNext();
      }

      @Override
      public Text next() {
        return all.next();
      }

      @Override
      public void close() {}
    };
  }
}
