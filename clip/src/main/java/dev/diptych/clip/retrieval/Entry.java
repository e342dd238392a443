package dev.diptych.clip.retrieval;

import dev.diptych.clip.data.Blob;
import dev.diptych.clip.data.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * A picture as the index knows it.
 *
 * @param name its absolute path, or {@code shard.tar:member}
 * @param path the file it lies in
 * @param offset its first byte there
 * @param length its bytes, or −1 for the whole file
 * @param size bytes of the file when it was embedded
 * @param modified when the file was last changed, in milliseconds since 1970
 */
record Entry(String name, Path path, long offset, long length, long size, long modified) {
  static final long WHOLE = -1;

  /**
   * The entry of a picture that was found.
   *
   * @throws IOException if its file is gone
   */
  static Entry of(Example example) throws IOException {
    return switch (example.picture()) {
      case Blob.WholeFile file -> {
        Path path = file.path().toAbsolutePath().normalize();
        yield of(path.toString(), path, 0, WHOLE);
      }
      case Blob.FilePart part -> {
        Path path = part.path().toAbsolutePath().normalize();
        yield of(path + ":" + part.member(), path, part.offset(), part.length());
      }
      case Blob.InMemory memory ->
          throw new IllegalArgumentException(
              memory.name() + " is no file that can be opened later");
    };
  }

  private static Entry of(String name, Path path, long offset, long length) throws IOException {
    BasicFileAttributes file = Files.readAttributes(path, BasicFileAttributes.class);
    return new Entry(name, path, offset, length, file.size(), file.lastModifiedTime().toMillis());
  }

  /** Whether the file was written to since {@code embedded} was made of it. */
  boolean changedSince(Entry embedded) {
    return !equals(embedded);
  }

  /** The bytes of the picture. */
  Blob blob() {
    return length == WHOLE
        ? new Blob.WholeFile(path)
        : new Blob.FilePart(path, offset, length, name.substring(path.toString().length() + 1));
  }
}
