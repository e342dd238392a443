package dev.diptych.clip.data;

import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Makes one pair of a batch: chooses the caption, tokenizes it, writes the picture's pixels. */
final class PairReader {
  private final LoaderOptions options;
  private final PictureStore pictures;
  private final CaptionTokenizer tokenizer;

  PairReader(LoaderOptions options, PictureStore pictures, CaptionTokenizer tokenizer) {
    this.options = options;
    this.pictures = pictures;
    this.tokenizer = tokenizer;
  }

  /** The caption that an example gets in an epoch; empty when it has none. */
  String caption(Example example, long epoch) {
    List<String> captions = example.captions();
    if (captions.isEmpty()) {
      return "";
    }
    return captions.get(
        options.training()
            ? Draws.caption(options.seed(), epoch, example.pictureId(), captions.size())
            : 0);
  }

  /**
   * Fills place {@code slot} of a batch.
   *
   * @return why the picture cannot be read; null when all went well
   */
  @Nullable String read(Example example, long epoch, int slot, float[] images, int[] tokens) {
    Philox random = Draws.ofPicture(options.seed(), epoch, example.pictureId());
    try {
      pictures.write(example, random, images, slot * options.pixels());
    } catch (IOException | RuntimeException e) { // decoders throw what they like at bad bytes
      return why(e, example.picture().name());
    }
    int[] row = tokenizer.tokenize(caption(example, epoch));
    if (row.length != options.contextLength()) {
      throw new IllegalStateException(
          "tokenizer: expected "
              + options.contextLength()
              + " tokens per caption, found "
              + row.length);
    }
    System.arraycopy(row, 0, tokens, slot * row.length, row.length);
    return null;
  }

  /** The first line of a message, without the name that it may begin with. */
  private static String why(Exception e, String name) {
    String message = e.getMessage();
    if (message == null || message.isBlank()) {
      return e.getClass().getSimpleName();
    }
    return BadRecords.withoutName(message.lines().findFirst().orElse(""), name);
  }
}
