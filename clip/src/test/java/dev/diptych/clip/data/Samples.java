package dev.diptych.clip.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** Small data sets for the tests. A "picture" is text; one that begins with X cannot be decoded. */
final class Samples {
  static final int SIZE = 2;
  static final int CONTEXT = 4;

  /** The picture's hash, then numbers that depend on the picture and on the random numbers. */
  static final PictureTransform TRANSFORM =
      (encoded, name, random, pixels, offset) -> {
        checkReadable(encoded, name);
        pixels[offset] = Arrays.hashCode(encoded);
        for (int i = 1; i < 3 * SIZE * SIZE; i++) {
          pixels[offset + i] = encoded[i % encoded.length] + random.nextFloat();
        }
      };

  /** Case does not matter and only the first characters count, as with a real tokenizer. */
  static final CaptionTokenizer TOKENIZER =
      caption -> {
        int[] tokens = new int[CONTEXT];
        for (int i = 0; i < Math.min(CONTEXT, caption.length()); i++) {
          tokens[i] = Character.toLowerCase(caption.charAt(i));
        }
        return tokens;
      };

  private Samples() {}

  static void checkReadable(byte[] encoded, String name) throws IOException {
    if (encoded.length == 0 || encoded[0] == 'X') {
      throw new IOException(name + " is no picture");
    }
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static Path write(Path file, String text) {
    try {
      Path folder = file.getParent();
      if (folder != null) {
        Files.createDirectories(folder);
      }
      return Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A tar of members given as name, content, name, content, … */
  static byte[] tar(String... namesAndContents) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
      tar.setAddPaxHeadersForNonAsciiNames(true);
      for (int i = 0; i < namesAndContents.length; i += 2) {
        byte[] content = bytes(namesAndContents[i + 1]);
        TarArchiveEntry entry = new TarArchiveEntry(namesAndContents[i], true);
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  static Path shard(Path file, String... namesAndContents) {
    try {
      return Files.write(file, tar(namesAndContents));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * A shard of {@code count} examples from number {@code from} on; those in {@code bad} unreadable.
   */
  static Path shard(Path file, int from, int count, List<Integer> bad) {
    List<String> members = new ArrayList<>();
    for (int i = from; i < from + count; i++) {
      members.add(i + ".png");
      members.add((bad.contains(i) ? "X" : "P") + " picture " + i);
      members.add(i + ".txt");
      members.add(i + " is its caption");
    }
    return shard(file, members.toArray(new String[0]));
  }

  /** A source in memory; every third example has two captions, those in {@code bad} no picture. */
  static IndexedSource source(int count, List<Integer> bad, BadLimit limit) {
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] picture = bytes((bad.contains(i) ? "X" : "P") + " picture " + i);
      List<String> captions = i % 3 == 0 ? List.of("a" + i, "b" + i) : List.of("c" + i);
      examples.add(
          new Example("e" + i, 0, new Blob.InMemory("e" + i, picture), captions, null, null));
    }
    return IndexedSource.of("samples", examples, limit);
  }
}
