package dev.diptych.clip.evaluate;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.Blob;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.zeroshot.ClassNames;
import dev.diptych.clip.zeroshot.Templates;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Pictures, each of one class: an ImageFolder, or WebDataset shards with {@code cls}. The layout of
 * CLIP_benchmark is understood: {@code train/} and {@code test/} with shards in them, {@code
 * classnames.txt} and {@code zeroshot_classification_templates.txt} beside them.
 *
 * @param source where they come from, with what was bad in it
 * @param examples those with a class
 * @param labels the class of each example, from 0
 * @param classes what labels mean
 * @param named whether the names of the classes were given, or found in a list, rather than made of
 *     labels
 * @param templates found beside the pictures, or none
 */
public record LabelledPictures(
    IndexedSource source,
    List<Example> examples,
    int[] labels,
    ClassLabels classes,
    boolean named,
    List<String> templates) {
  private static final String CLASS_NAMES = "classnames.txt";
  private static final String TEMPLATES = "zeroshot_classification_templates.txt";

  /**
   * Opens what {@code spec} names, see {@link DataSource#openPictures}.
   *
   * @param part {@code train} or {@code test}: the folder taken of a set that has shards in both
   * @param given what labels mean; null looks for a list of names beside the pictures, and takes
   *     the labels themselves if there is none
   * @throws UserException if there is no picture, no label, a label without a class, or too many
   *     pictures without one
   */
  public static LabelledPictures open(
      String spec, String part, @Nullable ClassLabels given, BadLimit limit) {
    IndexedSource source = DataSource.openPictures(partOf(spec, part), limit);
    List<Path> folders = folders(spec, source);
    ClassLabels classes = given;
    Path list = find(folders, CLASS_NAMES);
    if (classes == null && list != null) {
      classes = ClassLabels.of(ClassNames.read(list));
    }
    boolean named = classes != null;
    TreeSet<String> found = new TreeSet<>();
    for (Example example : source.examples()) {
      String label = example.label();
      if (label != null) {
        found.add(label.strip());
      }
    }
    if (found.isEmpty()) {
      throw new UserException(
          spec
              + ": no picture has a class: expected a folder for each class, or .cls members in"
              + " shards");
    }
    classes = classes == null ? ClassLabels.found(found) : classes.fitTo(found);
    Path sentences = find(folders, TEMPLATES);
    return labelled(
        source, classes, named, sentences == null ? List.of() : Templates.read(sentences));
  }

  private static LabelledPictures labelled(
      IndexedSource source, ClassLabels classes, boolean named, List<String> templates) {
    List<Example> examples = new ArrayList<>();
    int[] labels = new int[source.size()];
    for (Example example : source.examples()) {
      int label = labelOf(example, classes, source.name());
      if (label < 0) {
        source.bad().add(BadReason.MISSING_LABEL, example.key(), "");
      } else {
        labels[examples.size()] = label;
        examples.add(example);
      }
    }
    source.bad().check(examples.size());
    return new LabelledPictures(
        source,
        List.copyOf(examples),
        Arrays.copyOf(labels, examples.size()),
        classes,
        named,
        templates);
  }

  /**
   * The class of a picture; −1 if it has no label.
   *
   * @throws UserException if it has one that means no class
   */
  public static int labelOf(Example example, ClassLabels classes, String source) {
    String label = example.label();
    if (label == null) {
      return -1;
    }
    int number = classes.indexOf(label);
    if (number < 0) {
      throw new UserException(
          "%s: the label '%s' of %s is neither %s: give the names that belong to these labels"
              .formatted(source, label.strip(), example.key(), classes.expected()));
    }
    return number;
  }

  private static String partOf(String spec, String part) {
    if (!spec.contains("::")) {
      Path root = Path.of(spec);
      if (Files.isDirectory(root) && !holdsShards(root) && holdsShards(root.resolve(part))) {
        return root.resolve(part).toString();
      }
    }
    return spec;
  }

  private static boolean holdsShards(Path folder) {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> shards = Files.newDirectoryStream(folder, "[!.]*.tar")) {
      return shards.iterator().hasNext();
    } catch (IOException e) {
      throw new UserException(folder + ": cannot be read: " + UserException.reason(e), e);
    }
  }

  /** Where lists may lie that belong to the pictures, nearest first. */
  private static List<Path> folders(String spec, IndexedSource source) {
    List<Path> folders = new ArrayList<>();
    if (!spec.contains("::") && Files.isDirectory(Path.of(spec))) {
      folders.add(Path.of(spec).toAbsolutePath().normalize());
    }
    switch (source.example(0).picture()) {
      case Blob.FilePart shard -> folders.add(shard.path().toAbsolutePath().getParent());
      case Blob.WholeFile file -> {}
      case Blob.InMemory memory -> {}
    }
    for (Path folder : List.copyOf(folders)) {
      Path up = folder.getParent();
      if (up != null) {
        folders.add(up);
      }
    }
    return folders;
  }

  private static @Nullable Path find(List<Path> folders, String name) {
    for (Path folder : folders) {
      if (Files.isRegularFile(folder.resolve(name))) {
        return folder.resolve(name);
      }
    }
    return null;
  }
}
