package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Writes what the image tower is given for each picture, to be held against other implementations:
 * {@code <file name>.u8} (n, n, 3) and {@code <file name>.f32} (3, n, n).
 */
@Command(
    name = "preprocess",
    mixinStandardHelpOptions = true,
    description = "Writes pictures as the image tower reads them, as a safetensors file.")
public final class PreprocessCommand implements Callable<Integer> {
  @Option(
      names = "--size",
      required = true,
      paramLabel = "N",
      description = "pixels of one side (224 for ViT-B/32)")
  private int size;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "FILE",
      description = "safetensors file to write")
  private Path out = Path.of("out.safetensors");

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "JPEG, PNG, WebP, GIF or BMP")
  private List<Path> pictures = new ArrayList<>();

  /** Made by the command line. */
  public PreprocessCommand() {}

  /**
   * Reads, scales, writes.
   *
   * @return 0
   * @throws UserException if a picture cannot be read, two have one name, or the file cannot be
   *     written
   */
  @Override
  public Integer call() {
    if (size < 1 || size > 1 << 14) {
      throw new UserException("--size: expected 1 to 16384 pixels, found " + size);
    }
    var preprocess = new Preprocess(size);
    var writer = new SafetensorsWriter();
    Map<String, Path> seen = new HashMap<>();
    for (Path file : pictures) {
      Path last = file.getFileName();
      String name = last == null ? file.toString() : last.toString();
      Path other = seen.putIfAbsent(name, file);
      if (other != null) {
        throw new UserException(
            "Two pictures would be called "
                + name
                + ": "
                + other
                + " and "
                + file
                + "; rename one or write them to two files");
      }
      Picture square;
      try {
        square = preprocess.toSquare(PictureDecoder.read(file));
      } catch (PictureException e) {
        throw new UserException(String.valueOf(e.getMessage()), e);
      }
      float[] planes = new float[3 * size * size];
      preprocess.normalise(square, planes, 0);
      writer.addBytes(name + ".u8", square.rgb(), Shape.of(size, size, 3));
      writer.add(name + ".f32", Tensor.of(planes, Shape.of(3, size, size)));
    }
    try {
      writer.write(out);
    } catch (IOException e) {
      throw new UserException(out + ": cannot be written: " + UserException.reason(e), e);
    }
    return 0;
  }
}
