package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.PictureDecoder;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Finds the files that a user's words for a data set stand for. */
final class SourceFinder {
  /** Caption files by which a folder is known, best first. */
  private static final List<String> CAPTION_FILES =
      List.of(
          "captions.txt",
          "captions.csv",
          "captions.tsv",
          "results.csv",
          "results_20130124.token",
          "Flickr8k.token.txt",
          "metadata.csv");

  private static final String TABLES = ".*\\.(csv|tsv|txt|token|json)";
  private static final String SHARDS = ".*\\.(tar|tgz|gz)";

  private static final int MAX_LISTED = 8;

  private SourceFinder() {}

  static DataSource open(String spec, DataOptions options) {
    if (!options.streaming()) {
      return openIndexed(spec, options);
    }
    List<Path> files = files(spec);
    for (Path file : files) {
      if (!isShard(file)) {
        throw new UserException(
            file + ": only tar shards can be streamed; leave streaming off for tables");
      }
    }
    return new ShardStream(spec, files, options, new BadRecords(spec, options.badLimit()));
  }

  static IndexedSource openIndexed(String spec, DataOptions options) {
    BadRecords bad = new BadRecords(spec, options.badLimit());
    List<Example> examples = new ArrayList<>();
    for (Path file : files(spec)) {
      examples.addAll(index(file, options, bad));
    }
    return new IndexedSource(spec, examples, bad);
  }

  static IndexedSource openPictures(String spec, BadLimit limit) {
    DataOptions options = DataOptions.DEFAULT.withRequireCaptions(false).withBadLimit(limit);
    BadRecords bad = new BadRecords(spec, limit);
    List<Example> examples = new ArrayList<>();
    for (Input input : Input.ofPictures(List.of(spec))) {
      examples.addAll(input.examples(options, bad));
    }
    return new IndexedSource(spec, examples, bad);
  }

  /**
   * Whether a file is a picture: told by the ending or, where that says nothing, by the first
   * bytes.
   */
  static boolean isPicture(Path file) {
    if (PictureFolder.isPicture(file)) {
      return true;
    }
    String name = fileName(file).toLowerCase(Locale.ROOT);
    if (name.matches(TABLES) || name.matches(SHARDS)) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      return PictureDecoder.isPicture(in.readNBytes(12));
    } catch (IOException e) {
      return false; // refused below for its name, or with a reason when it is opened
    }
  }

  /** Whether tar shards lie in a folder. */
  static boolean holdsShards(Path folder) {
    try (DirectoryStream<Path> shards = Files.newDirectoryStream(folder, "[!.]*.tar")) {
      return shards.iterator().hasNext();
    } catch (IOException e) {
      throw TarShard.unreadable(folder, e);
    }
  }

  /** The examples of a shard, a table or a JSON list. */
  static List<Example> index(Path file, DataOptions options, BadRecords bad) {
    if (isShard(file)) {
      return TarShard.index(file, options, bad);
    }
    return isJson(file)
        ? CaptionJson.index(file, options, bad)
        : CaptionTable.index(file, options, bad);
  }

  /** The shards and tables of a spec, all of which exist. */
  static List<Path> files(String spec) {
    List<Path> files = new ArrayList<>();
    for (Path path : paths(spec)) {
      addFile(path, files);
    }
    return files;
  }

  /** The files and folders that a spec names, all of which exist. */
  static List<Path> paths(String spec) {
    if (spec.isBlank()) {
      throw new UserException(
          "the data set is an empty name; expected a shard, a table or a folder, such as"
              + " train-{000000..000003}.tar");
    }
    List<Path> files = new ArrayList<>();
    for (String part : spec.split(Pattern.quote("::"), -1)) {
      if (part.isBlank()) {
        throw new UserException(spec + ": one of the parts between :: is empty");
      }
      if (part.contains("://") || part.startsWith("pipe:")) {
        throw new UserException(part + ": only local files can be read; download it first");
      }
      addPaths(part.strip(), files);
    }
    return files;
  }

  private static void addPaths(String part, List<Path> paths) {
    Path literal = path(part);
    if (Files.exists(literal)) {
      paths.add(literal);
      return;
    }
    List<String> names = BraceExpansion.expand(part);
    List<String> missing = new ArrayList<>();
    for (String name : names) {
      if (!Files.exists(path(name))) {
        missing.add(name);
      }
    }
    if (!missing.isEmpty()) {
      throw new UserException(
          missing.getFirst()
              + ": there is no such file"
              + (names.size() == 1
                  ? ""
                  : "; "
                      + missing.size()
                      + " of the "
                      + names.size()
                      + " files of "
                      + part
                      + " are missing")
              + "; check the path given to --data");
    }
    for (String name : names) {
      paths.add(path(name));
    }
  }

  private static Path path(String name) {
    try {
      return Path.of(name);
    } catch (InvalidPathException e) {
      throw new UserException(name.replace('\0', '?') + ": is no path: " + e.getReason(), e);
    }
  }

  /** Adds a file, or what a folder stands for: its captions, its shards, or its one table. */
  static void addFile(Path file, List<Path> files) {
    if (!Files.isDirectory(file)) {
      files.add(file);
      return;
    }
    List<Path> shards = new ArrayList<>();
    List<Path> tables = new ArrayList<>();
    List<Path> jsons = new ArrayList<>();
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(file)) {
      for (Path entry : entries) {
        String name = fileName(entry);
        names.add(name);
        if (name.startsWith(".") || Files.isDirectory(entry)) {
          continue;
        }
        if (name.endsWith(".tar")) {
          shards.add(entry);
        } else if (name.matches("(?i).*\\.(csv|tsv|token)")) {
          tables.add(entry);
        } else if (name.matches("(?i)(captions|dataset)_.*\\.json")) {
          jsons.add(entry);
        }
      }
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    }
    for (String known : CAPTION_FILES) {
      if (Files.isRegularFile(file.resolve(known))) {
        files.add(file.resolve(known));
        return;
      }
    }
    Collections.sort(shards);
    if (!shards.isEmpty()) {
      files.addAll(shards);
    } else if (tables.size() == 1) {
      files.add(tables.getFirst());
    } else if (tables.isEmpty() && jsons.size() == 1) {
      files.add(jsons.getFirst());
    } else {
      Collections.sort(names);
      int shown = Math.min(MAX_LISTED, names.size());
      throw new UserException(
          file
              + ": expected captions.txt, *.tar shards, one CSV or TSV table or one captions_*.json"
              + " in this folder, found "
              + (names.isEmpty()
                  ? "nothing"
                  : String.join(", ", names.subList(0, shown))
                      + (names.size() > shown ? ", and " + (names.size() - shown) + " more" : ""))
              + "; name the file itself");
    }
  }

  private static String fileName(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }

  private static boolean isShard(Path file) {
    String name = fileName(file).toLowerCase(Locale.ROOT);
    if (name.matches(TABLES)) {
      return false;
    }
    if (name.matches(SHARDS)) { // a compressed one is refused with a reason later
      return true;
    }
    throw new UserException(
        file + ": is neither a .tar shard nor a .csv, .tsv, .txt, .token or .json list");
  }

  private static boolean isJson(Path file) {
    return fileName(file).toLowerCase(Locale.ROOT).endsWith(".json");
  }
}
