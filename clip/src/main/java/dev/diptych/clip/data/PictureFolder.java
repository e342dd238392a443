package dev.diptych.clip.data;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A folder of pictures at any depth. As in torchvision's ImageFolder, the topmost folder that a
 * picture lies in is its class; pictures at the top have none. Hidden files and folders, and files
 * with other endings, are passed over.
 */
final class PictureFolder {
  private PictureFolder() {}

  /**
   * The pictures below {@code root}, sorted by path; keys are paths relative to {@code root} with
   * slashes. A folder that cannot be read is a bad record.
   *
   * @throws IOException if {@code root} itself cannot be read
   */
  static List<Example> index(Path root, BadRecords bad) throws IOException {
    List<Example> examples = new ArrayList<>();
    Files.walkFileTree(
        root,
        EnumSet.of(FileVisitOption.FOLLOW_LINKS),
        Integer.MAX_VALUE,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            return !folder.equals(root) && isHidden(folder)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && !isHidden(file) && isPicture(file)) {
              examples.add(example(root, file));
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (file.equals(root)) {
              throw e;
            }
            bad.add(BadReason.MISSING_PICTURE, key(root, file), e.toString());
            return FileVisitResult.CONTINUE;
          }
        });
    examples.sort(Comparator.comparing(Example::key));
    return examples;
  }

  /** The picture {@code file} of its own, without a class. */
  static Example single(Path file) {
    return new Example(file.toString(), 0, new Blob.WholeFile(file), List.of(), null, null);
  }

  static boolean isPicture(Path file) {
    String name = name(file).toLowerCase(Locale.ROOT);
    return TarShard.PICTURE_KEYS.contains(name.substring(name.lastIndexOf('.') + 1));
  }

  private static Example example(Path root, Path file) {
    Path relative = root.relativize(file);
    @Nullable String label = relative.getNameCount() > 1 ? relative.getName(0).toString() : null;
    return new Example(
        key(root, file), 0, new Blob.WholeFile(file), List.of(), label, /* metadata= */ null);
  }

  private static String key(Path root, Path file) {
    return root.relativize(file).toString().replace('\\', '/');
  }

  private static boolean isHidden(Path path) {
    return name(path).startsWith(".");
  }

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? "" : name.toString();
  }
}
