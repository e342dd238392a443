package dev.diptych.clip;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Tensor;
import java.util.Map;
import java.util.Objects;

/**
 * Gives a model another context length. A text tower knows where a token stands only from a learned
 * table of positions, a row for each; everything else in it works at any length.
 *
 * <p>A shorter table changes nothing for the texts that still fit: their embeddings stay the same.
 * A longer one is made as Long-CLIP starts out (Zhang et al. 2024, "knowledge-preserved
 * stretching"): the first positions, which short captions have trained well, stay as they are, and
 * the rest is drawn out by linear interpolation. Long-CLIP then fine-tunes on long captions;
 * without that, embeddings of long texts are a makeshift, and texts of more than {@code keep}
 * tokens get other embeddings than before.
 */
public final class TextContext {
  /** How many positions Long-CLIP keeps: CLIP makes little use of those after them. */
  public static final int KEEP = 20;

  private static final String POSITIONS = "text.positions";

  private TextContext() {}

  /**
   * The model with the first {@code length} positions.
   *
   * @throws UserException if the model has fewer, or they hold no text
   */
  public static Clip slice(Clip clip, int length) {
    int given = clip.config().text().contextLength();
    if (length > given) {
      throw new UserException(
          "a context of %d tokens cannot be cut from one of %d".formatted(length, given));
    }
    Clip sliced = copy(clip, length);
    Floats positions = positions(sliced);
    positions.copyFrom(positions(clip).slice(0, positions.length()));
    return sliced;
  }

  /**
   * The model with keep + factor·(T − keep) positions in place of T: with 20 and 4, 77 become 248.
   *
   * <p>Position keep + factor·i + j of the new table lies at j/factor between the old positions
   * keep + i and keep + i + 1; after the last one the line through the last two goes on.
   *
   * @param keep how many positions stay as they are
   * @param factor how far the others are drawn out
   * @throws UserException if there are not two positions to draw out, or factor is below 1
   */
  public static Clip stretch(Clip clip, int keep, int factor) {
    int given = clip.config().text().contextLength();
    if (keep < 0 || keep > given - 2 || factor < 1) {
      throw new UserException(
          "a context of %d tokens cannot keep %d and be stretched by %d: at least two must be left to stretch, by 1 or more"
              .formatted(given, keep, factor));
    }
    Clip stretched = copy(clip, Math.addExact(keep, Math.multiplyExact(factor, given - keep)));
    int width = clip.config().text().width();
    Floats from = positions(clip);
    Floats to = positions(stretched);
    int last = given - 1;
    for (int row = 0; row < to.length() / width; row++) {
      int before = row < keep ? row : keep + (row - keep) / factor;
      float part = row < keep ? 0 : (float) ((row - keep) % factor) / factor;
      int start = from.offset() + before * width;
      // Beyond the last position the step is that from the one before it.
      int low = from.offset() + Math.min(before, last - 1) * width;
      for (int c = 0; c < width; c++) {
        float step = from.array()[low + width + c] - from.array()[low + c];
        to.array()[to.offset() + row * width + c] = from.array()[start + c] + part * step;
      }
    }
    return stretched;
  }

  /**
   * The model with a context of {@code length}: cut if that is shorter, otherwise stretched after
   * {@link #KEEP} positions by the smallest whole factor that reaches it, then cut.
   *
   * @throws UserException if no text fits, or the model has too few positions to stretch
   */
  public static Clip resize(Clip clip, int length) {
    int given = clip.config().text().contextLength();
    if (length <= given) {
      return slice(clip, length);
    }
    if (given < KEEP + 2) {
      throw new UserException(
          "a context of %d tokens cannot be stretched to %d: the first %d positions stay as they are,"
                  .formatted(given, length, KEEP)
              + " and two more are needed to draw out; give %d or less".formatted(given));
    }
    int factor = Math.ceilDiv(length - KEEP, given - KEEP);
    Clip stretched = stretch(clip, KEEP, factor);
    return stretched.config().text().contextLength() == length
        ? stretched
        : slice(stretched, length);
  }

  /** The model with a context of {@code length}, positions still to be filled. */
  private static Clip copy(Clip clip, int length) {
    Clip copy = Clip.blank(clip.config().withContextLength(length));
    Map<String, Tensor> originals = clip.parameters().state();
    copy.parameters()
        .state()
        .forEach((name, tensor) -> {
          if (!name.equals(POSITIONS)) {
            Objects.requireNonNull(originals.get(name)).copyTo(tensor.floats());
          }
        });
    return copy;
  }

  private static Floats positions(Clip clip) {
    return Objects.requireNonNull(clip.parameters().find(POSITIONS)).value().onHost().floats();
  }
}
