package dev.diptych.clip.data;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the captions of pictures that are named by path: pictures in the order in which they
 * first appear, each with all its captions, however its path is written.
 */
final class CaptionedPictures {
  private final List<Path> places;
  private final DataOptions options;
  private final BadRecords bad;
  private final Map<Path, Row> rows = new LinkedHashMap<>();
  private final Map<String, Row> rowsByName = new HashMap<>();

  /**
   * Nothing gathered yet.
   *
   * @param places folders in which relative paths are looked for, first things first; {@link
   *     DataOptions#imageRoot()} replaces them
   */
  CaptionedPictures(List<Path> places, DataOptions options, BadRecords bad) {
    Path root = options.imageRoot();
    this.places =
        (root == null ? places : List.of(root))
            .stream().map(place -> place.toAbsolutePath().normalize()).toList();
    this.options = options;
    this.bad = bad;
  }

  /** The folder that a file lies in. */
  static Path folderOf(Path file) {
    Path absolute = file.toAbsolutePath().normalize();
    Path parent = absolute.getParent();
    return parent == null ? absolute : parent;
  }

  /** The examples gathered so far, numbered from 0. */
  List<Example> examples() {
    List<Example> examples = new ArrayList<>(rows.size());
    rows.forEach((path, row) ->
        examples.add(new Example(row.key, examples.size(), row.picture, row.captions, null, null)));
    return examples;
  }

  /** Adds a caption of a picture; what is missing is a bad record. */
  void add(String where, String rawPath, String rawCaption) {
    String name = rawPath.strip();
    String caption = rawCaption.strip();
    if (name.isEmpty()) {
      bad.add(BadReason.MISSING_PICTURE, where, "the path is empty");
      return;
    }
    if (caption.isEmpty() && options.requireCaptions()) {
      bad.add(BadReason.EMPTY_CAPTION, where, name);
      return;
    }
    Row row = rowsByName.get(name);
    if (row == null) {
      Path picture = resolve(where, name);
      if (picture == null) {
        return;
      }
      // Two ways to write one path are one picture.
      row = rows.computeIfAbsent(picture, path -> new Row(name, path));
      rowsByName.put(name, row);
    }
    if (!caption.isEmpty()) {
      row.captions.add(caption);
    }
  }

  /** The file of a picture; null, and noted, when it is not there or not to be read. */
  @Nullable Path resolve(String where, String name) {
    try {
      Path path = Path.of(name);
      if (path.isAbsolute()) {
        Path file = path.normalize();
        return Files.isRegularFile(file) ? file : missing(where, name, "not found");
      }
      for (Path place : places) {
        Path candidate = place.resolve(path).normalize();
        if (!candidate.startsWith(place)) {
          bad.add(
              BadReason.PATH_OUTSIDE,
              where,
              name + " is outside " + place + "; use an absolute path");
          return null;
        }
        if (Files.isRegularFile(candidate)) {
          return candidate;
        }
      }
      return missing(where, name, "not in " + String.join(", ", names()));
    } catch (InvalidPathException e) {
      return missing(where, name.replace('\0', '?'), "not a path");
    }
  }

  /** The first place whole, the others as they are called from there. */
  private List<String> names() {
    Path first = places.getFirst();
    return places.stream()
        .map(place -> place.equals(first) ? place.toString() : first.relativize(place) + "/")
        .toList();
  }

  private @Nullable Path missing(String where, String name, String detail) {
    bad.add(BadReason.MISSING_PICTURE, where, name + " " + detail);
    return null;
  }

  /** A picture and the captions found so far. */
  private static final class Row {
    final String key;
    final Blob picture;
    final List<String> captions = new ArrayList<>(1);

    Row(String key, Path file) {
      this.key = key;
      this.picture = new Blob.WholeFile(file);
    }
  }
}
