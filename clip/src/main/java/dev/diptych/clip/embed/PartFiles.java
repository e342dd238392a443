package dev.diptych.clip.embed;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.AtomicFile;
import dev.diptych.tensor.io.Npy;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The files of a part. Each is written atomically, and the note that the part is done comes last:
 * where there is one, all of the part is on disk.
 */
final class PartFiles {
  private static final JsonMapper JSON = new JsonMapper();

  private final Path folder;
  private final EmbedOptions options;
  private final int digits;

  /**
   * The note.
   *
   * @param rows how many there are in each of the part's files
   * @param bad what was left out of them
   */
  record Done(int rows, List<BadRecords.Bad> bad) {
    Done {
      if (rows < 0 || bad == null) {
        throw new IllegalArgumentException("rows or bad is missing");
      }
    }
  }

  /** Files in {@code folder}, whose numbers have as many digits as the number of parts. */
  PartFiles(Path folder, EmbedOptions options, int parts) {
    this.folder = folder;
    this.options = options;
    this.digits = Integer.toString(Math.max(1, parts)).length();
  }

  private Path vectors(String name, int part) {
    String ending = options.format() == EmbedOptions.FileFormat.NPY ? ".npy" : ".safetensors";
    return path(name, part, ending);
  }

  private Path path(String name, int part, String ending) {
    String number = ("%0" + digits + "d").formatted(part);
    return folder.resolve(name).resolve(name + "_" + number + ending);
  }

  private Path note(int part) {
    return path("parts", part, ".json");
  }

  private List<Path> contents(int part) {
    List<Path> files = new ArrayList<>(3);
    if (options.content() != EmbedOptions.Content.TEXTS) {
      files.add(vectors("img_emb", part));
    }
    if (options.content() != EmbedOptions.Content.IMAGES) {
      files.add(vectors("text_emb", part));
    }
    files.add(path("metadata", part, ".jsonl"));
    return files;
  }

  /** The note of a part that is done; null if it is to be made, or a file of it was deleted. */
  @Nullable Done done(int part) throws IOException {
    Path note = note(part);
    if (!Files.exists(note) || !contents(part).stream().allMatch(Files::exists)) {
      return null;
    }
    try {
      return JSON.readValue(Files.readString(note), Done.class);
    } catch (JacksonException e) {
      throw new UserException(
          "%s is damaged: %s; delete it, and its part is made again"
              .formatted(note, e.getOriginalMessage()),
          e);
    }
  }

  /** Writes a part: (N, D) each, or null, and N lines. */
  void write(int part, @Nullable Tensor images, @Nullable Tensor texts, String metadata, Done done)
      throws IOException {
    for (Path file : contents(part)) {
      deleteLeftovers(file);
    }
    deleteLeftovers(note(part));
    if (images != null) {
      write(vectors("img_emb", part), images);
    }
    if (texts != null) {
      write(vectors("text_emb", part), texts);
    }
    AtomicFile.writeText(path("metadata", part, ".jsonl"), metadata);
    byte[] note = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(done);
    AtomicFile.writeText(note(part), new String(note, StandardCharsets.UTF_8) + "\n");
  }

  private void write(Path file, Tensor vectors) throws IOException {
    switch (options.format()) {
      case NPY -> Npy.write(file, vectors, options.dtype());
      case SAFETENSORS ->
          new SafetensorsWriter().add("embeddings", vectors, options.dtype()).write(file);
    }
  }

  /** What a process that was killed had not renamed yet. */
  private static void deleteLeftovers(Path file) throws IOException {
    Path parent = file.getParent();
    if (parent == null || !Files.exists(parent)) {
      return;
    }
    try (DirectoryStream<Path> leftovers =
        Files.newDirectoryStream(parent, "." + file.getFileName() + "*.tmp")) {
      for (Path leftover : leftovers) {
        Files.deleteIfExists(leftover);
      }
    }
  }
}
