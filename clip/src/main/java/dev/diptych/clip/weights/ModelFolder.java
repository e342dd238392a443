package dev.diptych.clip.weights;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;

/** Writes the directory of a model so that it is there whole or not at all. */
final class ModelFolder {
  private ModelFolder() {}

  /** What fills a directory. */
  @FunctionalInterface
  interface Content {
    void writeTo(Path folder) throws IOException;
  }

  /**
   * Fills a directory beside {@code out} and then renames it.
   *
   * @param replace whether {@code out} may be there: a directory with the files of a model alone
   * @throws UserException if {@code out} is there and may not be replaced
   * @throws IOException if writing fails; then {@code out} is as it was
   */
  static void write(Path out, boolean replace, Content content) throws IOException {
    Path target = out.toAbsolutePath().normalize();
    Path parent = target.getParent();
    if (parent == null) {
      throw new UserException(out + " is not the name of a folder to write");
    }
    requireRoom(out, replace);
    Files.createDirectories(parent);
    Path temporary = Files.createTempDirectory(parent, "." + target.getFileName() + ".");
    try {
      content.writeTo(temporary);
      usualRights(temporary);
      if (Files.exists(target)) {
        swap(temporary, target);
      } else {
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } finally {
      delete(temporary);
    }
  }

  /** A directory cannot be renamed over another: the old one steps aside first. */
  private static void swap(Path written, Path target) throws IOException {
    Path aside = Files.createTempDirectory(target.getParent(), "." + target.getFileName() + ".");
    Path old = aside.resolve("old");
    Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
    try {
      Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
      throw e;
    } finally {
      delete(old);
      delete(aside);
    }
  }

  private static void requireRoom(Path out, boolean replace) throws IOException {
    if (!Files.exists(out)) {
      return;
    }
    if (!Files.isDirectory(out)) {
      throw new UserException(out + " is a file; give the name of a folder to write");
    }
    List<Path> inside;
    try (Stream<Path> files = Files.list(out)) {
      inside = files.toList();
    }
    if (!inside.isEmpty() && !replace) {
      throw new UserException(out + " is there already; --force replaces it");
    }
    for (Path file : inside) { // what is deleted is a model, nobody's home
      if (Files.isDirectory(file) || !file.toString().matches("(?i).*\\.(json|txt|safetensors)")) {
        throw new UserException(
            "%s is not replaced: it also holds %s, which is no file of a model that is written here"
                .formatted(out, file.getFileName()));
      }
    }
  }

  private static void usualRights(Path folder) throws IOException {
    if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
