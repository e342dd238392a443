package dev.diptych.clip.evaluate;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.Blob;
import dev.diptych.clip.data.Draws;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.embed.PictureEmbedder;
import dev.diptych.clip.embed.PictureEmbedder.Output;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.io.SafetensorsWriter;
import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The features of labelled pictures, as linear probes learn from them: what the image tower makes
 * before its projection ({@link dev.diptych.clip.ImageTower#features}), not normalised.
 *
 * @param x (N, C)
 * @param labels (N)
 * @param bad how many pictures could not be read, or had no class
 */
public record FeatureSet(Tensor x, int[] labels, long bad) {
  private static final String MODEL = "model_fingerprint";
  private static final String PICTURES = "pictures_fingerprint";

  /**
   * Computes features.
   *
   * @param progress is told how many more pictures are done
   * @throws UserException if too many pictures cannot be read, or there are more numbers than fit
   *     into one tensor
   */
  public static FeatureSet compute(
      Diptych model, LabelledPictures pictures, int batchSize, LongConsumer progress) {
    int width = model.clip().vision().featureWidth();
    int count = pictures.examples().size();
    if ((long) count * width > Integer.MAX_VALUE - 8) {
      throw new UserException(
          "%s: %,d pictures have %,d numbers of features each, more than the %,d that a linear probe can hold: take a part of them"
              .formatted(pictures.source().name(), count, width, Integer.MAX_VALUE));
    }
    int[] labelOf = new int[pictures.source().size()]; // by pictureId
    for (int i = 0; i < count; i++) {
      labelOf[(int) pictures.examples().get(i).pictureId()] = pictures.labels()[i];
    }
    float[] x = new float[count * width];
    int[] labels = new int[count];
    int[] done = new int[1];
    try (PictureEmbedder embedder = new PictureEmbedder(model, Output.FEATURES, batchSize)) {
      embedder.embed(
          pictures.examples(),
          pictures.source().bad(),
          one -> {
            System.arraycopy(one.vector(), 0, x, done[0] * width, width);
            labels[done[0]++] = labelOf[(int) one.example().pictureId()];
            progress.accept(1);
          });
    }
    pictures.source().bad().check(done[0]);
    if (done[0] == 0) {
      throw new UserException(pictures.source().name() + ": not one picture can be read");
    }
    return new FeatureSet(
        Tensor.of(x, Shape.of(count, width)).narrow(0, 0, done[0]),
        Arrays.copyOf(labels, done[0]),
        pictures.source().bad().total());
  }

  /**
   * As {@link #compute}, but takes the features from a file in {@code folder} if they are there,
   * and puts them there otherwise. The file belongs to the weights of the model, to the labels, and
   * to the places, sizes and times of change of the pictures: if one of them changes, it is
   * computed anew.
   *
   * @throws UserException also if the folder cannot be written
   */
  public static FeatureSet cached(
      @Nullable Path folder,
      Diptych model,
      LabelledPictures pictures,
      int batchSize,
      LongConsumer progress) {
    if (folder == null) {
      return compute(model, pictures, batchSize, progress);
    }
    String modelPrint = model.clip().fingerprint();
    String picturesPrint = fingerprint(pictures);
    Path file =
        folder.resolve(
            "features-%s-%s.safetensors"
                .formatted(modelPrint.substring(0, 12), picturesPrint.substring(0, 12)));
    if (Files.exists(file)) {
      FeatureSet known = read(file, modelPrint, picturesPrint);
      if (known != null) {
        progress.accept(known.labels.length);
        return known;
      }
    }
    FeatureSet computed = compute(model, pictures, batchSize, progress);
    try {
      new SafetensorsWriter()
          .metadata(MODEL, modelPrint)
          .metadata(PICTURES, picturesPrint)
          .metadata("bad", Long.toString(computed.bad))
          .metadata("data", pictures.source().name())
          .add("features", computed.x)
          .add("labels", new IntTensor(Shape.of(computed.labels.length), computed.labels))
          .write(file);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be written: " + UserException.reason(e), e);
    }
    return computed;
  }

  private static @Nullable FeatureSet read(Path file, String model, String pictures) {
    try (Safetensors tensors = Safetensors.open(file)) {
      if (model.equals(tensors.metadata().get(MODEL))
          && pictures.equals(tensors.metadata().get(PICTURES))) {
        return new FeatureSet(
            tensors.floats("features"),
            tensors.ints("labels").data(),
            Long.parseLong(tensors.metadata().getOrDefault("bad", "0")));
      }
      return null;
    } catch (TensorFileException | NumberFormatException e) {
      throw new UserException(
          file + " is damaged: " + e.getMessage() + "; delete it, it is made again", e);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    }
  }

  /** SHA-256 over where each picture lies, how long its file is and when it was changed. */
  private static String fingerprint(LabelledPictures pictures) {
    Fingerprint print = new Fingerprint();
    Path last = null;
    for (int i = 0; i < pictures.examples().size(); i++) {
      Example example = pictures.examples().get(i);
      Path file =
          switch (example.picture()) {
            case Blob.WholeFile whole -> whole.path();
            case Blob.FilePart part -> part.path();
            case Blob.InMemory memory -> null;
          };
      if (file != null && !file.equals(last)) {
        print.add(state(file));
        last = file;
      }
      print.add(example.picture().name());
      print.add(Integer.toString(pictures.labels()[i]));
    }
    return print.hex();
  }

  private static String state(Path file) {
    try {
      return Files.size(file) + " " + Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return "gone"; // a bad record later
    }
  }

  /** The rows of these numbers, in this order. */
  FeatureSet rows(List<Integer> numbers) {
    int width = x.dim(1);
    float[] chosen = new float[numbers.size() * width];
    int[] theirs = new int[numbers.size()];
    for (int i = 0; i < theirs.length; i++) {
      int row = numbers.get(i);
      System.arraycopy(
          x.floats().array(), x.floats().offset() + row * width, chosen, i * width, width);
      theirs[i] = labels[row];
    }
    return new FeatureSet(Tensor.of(chosen, Shape.of(theirs.length, width)), theirs, bad);
  }

  /** These features and then those of {@code other}. */
  FeatureSet and(FeatureSet other) {
    int width = x.dim(1);
    int count = labels.length + other.labels.length;
    if ((long) count * width > Integer.MAX_VALUE - 8) {
      throw new UserException(
          "%,d pictures have %,d numbers of features each, more than a linear probe can hold"
              .formatted(count, width));
    }
    float[] both = Arrays.copyOf(x.toArray(), count * width);
    System.arraycopy(
        other.x.toArray(), 0, both, labels.length * width, other.labels.length * width);
    int[] theirs = Arrays.copyOf(labels, count);
    System.arraycopy(other.labels, 0, theirs, labels.length, other.labels.length);
    return new FeatureSet(Tensor.of(both, Shape.of(count, width)), theirs, bad + other.bad);
  }

  /**
   * Puts aside a share of each class, drawn at random: what is left, and what was put aside. A
   * class of two pictures or more keeps one at least, and gives one at least.
   */
  FeatureSet[] split(double share, long seed) {
    List<Integer> kept = new ArrayList<>();
    List<Integer> aside = new ArrayList<>();
    int classes = Arrays.stream(labels).max().orElse(-1) + 1;
    List<List<Integer>> byClass = new ArrayList<>();
    for (int k = 0; k < classes; k++) {
      byClass.add(new ArrayList<>());
    }
    for (int i = 0; i < labels.length; i++) {
      byClass.get(labels[i]).add(i);
    }
    for (int k = 0; k < classes; k++) {
      List<Integer> members = byClass.get(k);
      int count = members.size();
      int wanted = (int) Math.rint(share * count);
      int given = count < 2 ? 0 : Math.clamp(wanted, 1, count - 1);
      int[] order = Draws.permutation(count, new Philox(seed, k));
      for (int i = 0; i < count; i++) {
        (i < given ? aside : kept).add(members.get(order[i]));
      }
    }
    kept.sort(null);
    aside.sort(null);
    return new FeatureSet[] {rows(kept), rows(aside)};
  }
}
