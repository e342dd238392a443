package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.hub.HubSettings;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Keeps class weights in a folder, for as long as the same model reads the same tokens: a file for
 * each, {@code HASH.safetensors}, of which any may be deleted at any time. ImageNet's 80,000
 * prompts are minutes of work, and a file of 2 MB with ViT-B/32.
 *
 * <p>To know a model its weights are hashed, which takes as long as to embed a few dozen prompts;
 * fewer than that are embedded anew each time.
 */
public final class ClassWeightCache {
  /** From this many prompts on the model's weights are hashed sooner than the prompts embedded. */
  public static final int WORTH_IT = 64;

  private static final System.Logger LOG = System.getLogger(ClassWeightCache.class.getName());
  private static final String FORMAT = "1";
  private static final String TENSOR = "class_weights";
  private static final String CHECKSUM = "sha256";

  private final Path folder;
  private final int fewest;

  /** A cache in {@code folder}, which is made when it is needed. */
  public ClassWeightCache(Path folder) {
    this(folder, WORTH_IT);
  }

  /** A cache that leaves out what has fewer prompts than {@code fewest}. */
  public ClassWeightCache(Path folder, int fewest) {
    this.folder = folder;
    this.fewest = fewest;
  }

  /**
   * The folder that the command line uses: {@code diptych/class-weights} among the user's caches.
   */
  public static Path userFolder() {
    return HubSettings.caches().resolve("diptych").resolve("class-weights");
  }

  /**
   * The weights of {@code labels}: from the folder if they are there, whole; otherwise embedded,
   * and kept. A file that is damaged or cannot be written is logged as a warning.
   *
   * @param progress told how many prompts were embedded, every few hundred; never told anything if
   *     the weights were found
   * @throws UserException if there is no label, an empty one, or a template without {@code {}}
   */
  public ClassWeights weights(
      Diptych model, List<String> labels, List<String> templates, LongConsumer progress) {
    return weights(model, Prompts.of(model, labels, templates), progress);
  }

  ClassWeights weights(Diptych model, Prompts prompts, LongConsumer progress) {
    if (prompts.count() < fewest) {
      return ClassWeights.embed(model, prompts, progress);
    }
    Path file = file(model, prompts);
    float[][] found = read(file, prompts.labels().size(), model.clip().config().embedDim());
    if (found != null) {
      return ClassWeights.of(prompts, found);
    }
    float[][] rows = prompts.embed(model, progress);
    write(file, rows);
    return ClassWeights.of(prompts, rows);
  }

  /** Where the weights of a model and prompts lie. */
  Path file(Diptych model, Prompts prompts) {
    MessageDigest digest = Prompts.sha256();
    String key = FORMAT + " " + model.clip().fingerprint() + " " + prompts.digest();
    digest.update(key.getBytes(StandardCharsets.UTF_8));
    return folder.resolve(HexFormat.of().formatHex(digest.digest()) + ".safetensors");
  }

  private static float @Nullable [][] read(Path file, int classes, int width) {
    try (Safetensors tensors = Safetensors.open(file)) {
      Tensor weights = tensors.floats(TENSOR);
      if (!weights.shape().equals(Shape.of(classes, width))) {
        throw new IOException("it has the shape " + weights.shape());
      }
      float[][] rows = new float[classes][];
      for (int i = 0; i < classes; i++) {
        rows[i] = weights.narrow(0, i, 1).toArray();
      }
      if (!checksum(rows).equals(tensors.metadata().get(CHECKSUM))) {
        throw new IOException("its checksum is another");
      }
      return rows;
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "the class weights in {0} are damaged and are made again: {1}",
          file,
          UserException.reason(e));
      return null;
    }
  }

  private static void write(Path file, float[][] rows) {
    Shape shape = Shape.of(rows.length, rows[0].length);
    Floats all = Floats.zeros(shape.size());
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, all.array(), all.offset() + i * rows[i].length, rows[i].length);
    }
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      new SafetensorsWriter()
          .metadata(CHECKSUM, checksum(rows))
          .add(TENSOR, Tensor.of(all, shape))
          .write(file);
    } catch (IOException e) {
      LOG.log(
          Level.WARNING,
          "the class weights are not kept: {0} cannot be written: {1}",
          file,
          UserException.reason(e));
    }
  }

  private static String checksum(float[][] rows) {
    MessageDigest digest = Prompts.sha256();
    ByteBuffer bytes = ByteBuffer.allocate(4 * rows[0].length);
    for (float[] row : rows) {
      bytes.asFloatBuffer().put(row);
      digest.update(bytes.array());
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
