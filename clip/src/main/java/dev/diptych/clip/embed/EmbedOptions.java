package dev.diptych.clip.embed;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.DataOptions;
import dev.diptych.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/**
 * What {@link BulkEmbedder} embeds and how it is written. Start from {@link #DEFAULT} and change
 * what differs.
 *
 * @param content what a row is
 * @param output what is made of a picture
 * @param format of the files of vectors
 * @param dtype F32 or F16, in the files; computed is in f32
 * @param rowsPerFile how many rows a part is made of; what a killed process loses
 * @param batchSize how many pictures or texts go through the model at once; changes no result
 * @param rank which process of {@code worldSize} this is, from 0 on: it takes every worldSize-th
 *     part
 * @param worldSize how many processes share the parts
 * @param reading how tables are read, and how many bad records to put up with
 * @param textField the field of JSON lines that is the text
 */
public record EmbedOptions(
    Content content,
    PictureEmbedder.Output output,
    FileFormat format,
    DType dtype,
    int rowsPerFile,
    int batchSize,
    int rank,
    int worldSize,
    DataOptions reading,
    String textField) {

  /** What a row is. */
  public enum Content {
    /** A picture. */
    IMAGES,
    /** A text; of a picture with several captions each is one. */
    TEXTS,
    /** A picture with its first caption: a vector of each. */
    PAIRS
  }

  /** Of the files of vectors. */
  public enum FileFormat {
    /** NumPy's. */
    NPY,
    /** Safetensors with one tensor, {@code embeddings}. */
    SAFETENSORS
  }

  /** Pictures to npy files of f32, 10,000 rows each, by one process. */
  public static final EmbedOptions DEFAULT =
      new EmbedOptions(
          Content.IMAGES,
          PictureEmbedder.Output.EMBEDDING,
          FileFormat.NPY,
          DType.F32,
          10_000,
          64,
          0,
          1,
          DataOptions.DEFAULT.withBadLimit(new BadLimit(1000, 0.1)),
          "text");

  /**
   * Options.
   *
   * @throws UserException if they contradict each other or are out of range
   */
  public EmbedOptions {
    if (dtype != DType.F32 && dtype != DType.F16) {
      throw new UserException("--dtype is f32 or f16, got " + lower(dtype));
    }
    if (rowsPerFile < 1 || batchSize < 1) {
      throw new UserException(
          "--rows-per-file and --batch-size must be at least 1, got %d and %d"
              .formatted(rowsPerFile, batchSize));
    }
    if (rank < 0 || rank >= worldSize) {
      throw new UserException(
          "--rank counts the processes from 0 to --world-size − 1, got rank %d of %d"
              .formatted(rank, worldSize));
    }
    if (content == Content.TEXTS && output == PictureEmbedder.Output.FEATURES) {
      throw new UserException("--features are made of pictures; there are none in --content texts");
    }
  }

  /** The same with rows that are something else. */
  public EmbedOptions withContent(Content other) {
    return new EmbedOptions(
        other, output, format, dtype, rowsPerFile, batchSize, rank, worldSize, reading, textField);
  }

  /** The same with something else made of a picture. */
  public EmbedOptions withOutput(PictureEmbedder.Output other) {
    return new EmbedOptions(
        content, other, format, dtype, rowsPerFile, batchSize, rank, worldSize, reading, textField);
  }

  /** The same with other files. */
  public EmbedOptions withFiles(FileFormat otherFormat, DType otherType, int rows) {
    return new EmbedOptions(
        content,
        output,
        otherFormat,
        otherType,
        rows,
        batchSize,
        rank,
        worldSize,
        reading,
        textField);
  }

  /** The same with another batch size. */
  public EmbedOptions withBatchSize(int size) {
    return new EmbedOptions(
        content, output, format, dtype, rowsPerFile, size, rank, worldSize, reading, textField);
  }

  /** The same for process {@code newRank} of {@code size}. */
  public EmbedOptions withRank(int newRank, int size) {
    return new EmbedOptions(
        content, output, format, dtype, rowsPerFile, batchSize, newRank, size, reading, textField);
  }

  /** The same, reading otherwise. */
  public EmbedOptions withReading(DataOptions otherReading, String field) {
    return new EmbedOptions(
        content,
        output,
        format,
        dtype,
        rowsPerFile,
        batchSize,
        rank,
        worldSize,
        otherReading,
        field);
  }

  /** All that decides what the files will hold, by the names of the command's options. */
  Map<String, String> decisive() {
    Map<String, String> decisive = new LinkedHashMap<>();
    decisive.put("content", lower(content));
    decisive.put("features", Boolean.toString(output == PictureEmbedder.Output.FEATURES));
    decisive.put("format", lower(format));
    decisive.put("dtype", lower(dtype));
    decisive.put("rows-per-file", Integer.toString(rowsPerFile));
    decisive.put("csv-img-key", Objects.requireNonNullElse(reading.imageKey(), ""));
    decisive.put("csv-caption-key", Objects.requireNonNullElse(reading.captionKey(), ""));
    decisive.put(
        "csv-separator", reading.separator() == null ? "" : reading.separator().toString());
    decisive.put("text-field", textField);
    return decisive;
  }

  private static String lower(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
