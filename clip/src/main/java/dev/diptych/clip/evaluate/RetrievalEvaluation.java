package dev.diptych.clip.evaluate;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.embed.PictureEmbedder;
import dev.diptych.clip.embed.PictureEmbedder.Output;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Retrieval on a data set of pictures with captions, by the protocol of CLIP, open_clip and
 * CLIP_benchmark: each caption belongs to its picture alone, even if another picture has the same
 * words, and a picture has found its text when any of its captions is among the first K.
 */
public final class RetrievalEvaluation {
  /** Captions embedded at once. */
  private static final int TEXTS = 256;

  private RetrievalEvaluation() {}

  /**
   * Embeds all pictures and captions and measures recall. Both sets of embeddings are in memory,
   * their similarities never all at once.
   *
   * @param template what a caption is put into, with {@code {}} for the caption
   * @param captionsOfPicture at most so many captions of a picture count, the first ones
   * @param progress is told how many more pictures are done
   * @throws UserException if too many pictures cannot be read
   */
  public static Retrieval measure(
      Diptych model,
      IndexedSource source,
      String template,
      int captionsOfPicture,
      int batchSize,
      LongConsumer progress) {
    List<float[]> pictures = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    List<Integer> groups = new ArrayList<>();
    try (PictureEmbedder embedder = new PictureEmbedder(model, Output.EMBEDDING, batchSize)) {
      embedder.embed(
          source.examples(),
          source.bad(),
          one -> {
            for (String caption : first(one.example(), captionsOfPicture)) {
              captions.add(template.replace("{}", caption));
              groups.add(pictures.size());
            }
            pictures.add(one.vector());
            progress.accept(1);
          });
    }
    source.bad().check(pictures.size());
    if (pictures.isEmpty()) {
      throw new UserException(source.name() + ": not one picture can be read");
    }
    int[] pictureGroups = new int[pictures.size()];
    Arrays.setAll(pictureGroups, i -> i);
    return Retrieval.measure(
        rows(pictures),
        pictureGroups,
        texts(model, captions),
        groups.stream().mapToInt(Integer::intValue).toArray());
  }

  private static List<String> first(Example example, int most) {
    return example.captions().subList(0, Math.min(most, example.captions().size()));
  }

  private static Tensor texts(Diptych model, List<String> captions) {
    List<float[]> rows = new ArrayList<>(captions.size());
    for (int begin = 0; begin < captions.size(); begin += TEXTS) {
      int end = Math.min(captions.size(), begin + TEXTS);
      rows.addAll(Arrays.asList(model.embedTexts(captions.subList(begin, end))));
    }
    return rows(rows);
  }

  private static Tensor rows(List<float[]> rows) {
    int width = rows.getFirst().length;
    float[] flat = new float[Math.multiplyExact(rows.size(), width)];
    for (int i = 0; i < rows.size(); i++) {
      System.arraycopy(rows.get(i), 0, flat, i * width, width);
    }
    return Tensor.of(flat, Shape.of(rows.size(), width));
  }
}
