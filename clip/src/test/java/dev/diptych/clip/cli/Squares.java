package dev.diptych.clip.cli;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PngEncoder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/** A data set of plain squares: number i has a colour of its own and the caption that says it. */
final class Squares {
  private static final String[] COLOURS = {"red", "green", "blue", "yellow", "pink", "cyan"};

  private Squares() {}

  static byte[] png(int number) {
    byte[] rgb = new byte[3 * 16 * 16];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (number * 37 * (i % 3 + 1));
    }
    return PngEncoder.encode(new Picture(16, 16, rgb));
  }

  static String caption(int number) {
    return "square number " + number + " is " + COLOURS[number % COLOURS.length];
  }

  /** {@code count} pictures and the table {@code squares.csv} that names them. */
  static Path table(Path folder, int count) throws IOException {
    Files.createDirectories(folder);
    StringBuilder table = new StringBuilder("filepath,title\n");
    for (int i = 0; i < count; i++) {
      Files.write(folder.resolve(i + ".png"), png(i));
      table.append(i).append(".png,").append(caption(i)).append('\n');
    }
    return Files.writeString(folder.resolve("squares.csv"), table);
  }

  /** A shard of {@code count} pictures with captions; their label is the number modulo 6. */
  static Path shard(Path file, int count) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
      for (int i = 0; i < count; i++) {
        add(tar, i + ".png", png(i));
        add(tar, i + ".txt", caption(i).getBytes(StandardCharsets.UTF_8));
        add(tar, i + ".cls", Integer.toString(i % 6).getBytes(StandardCharsets.UTF_8));
      }
    }
    return Files.write(file, bytes.toByteArray());
  }

  private static void add(TarArchiveOutputStream tar, String name, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  /** The names of the labels, one a line. */
  static Path classNames(Path file) throws IOException {
    return Files.writeString(file, String.join("\n", COLOURS) + "\n");
  }

  /** Trains the smallest preset for three steps; the run is {@code logs/name}. */
  static Path train(Path logs, String name, Path data) {
    Cli.run(
            "train",
            "--data",
            data,
            "--logs",
            logs,
            "--name",
            name,
            "--model",
            "mini-48",
            "--steps",
            3,
            "--batch-size",
            4,
            "--warmup",
            1,
            "--vocab-size",
            520)
        .succeeded();
    return logs.resolve(name);
  }
}
