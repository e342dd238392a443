package dev.diptych.clip.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  private static Tensor rows(int width, float... values) {
    return Tensor.of(values, Shape.of(values.length / width, width));
  }

  private static int[] upTo(int count) {
    int[] numbers = new int[count];
    Arrays.setAll(numbers, i -> i);
    return numbers;
  }

  /** Similarities {1, 0.8, 0} and {0, 0.6, 1}; the second picture has the last two captions. */
  @Test
  void severalCaptionsOfAPicture() {
    Retrieval found =
        Retrieval.measure(
            rows(2, 1, 0, 0, 1),
            new int[] {0, 1},
            rows(2, 1, 0, 0.8f, 0.6f, 0, 1),
            new int[] {0, 1, 1});
    assertThat(found.imageToText()).containsExactly(1, 1, 1);
    // The caption in the middle is more like the first picture: second place.
    assertThat(found.textToImage()).containsExactly(new double[] {2 / 3.0, 1, 1}, within(1e-12));
    assertThat(found.imageToTextMeanRank()).isEqualTo(1);
    assertThat(found.textToImageMeanRank()).isCloseTo(4 / 3.0, within(1e-12));
    assertThat(found.metrics())
        .containsEntry("image_to_text_R@1", 1.0)
        .containsEntry("text_to_image_R@5", 1.0)
        .hasSize(10);
  }

  @Test
  void picturesOfOneGroupShareTheirCaptions() {
    // The caption of group 0 is nearest to the second picture, which belongs to it too.
    Retrieval found =
        Retrieval.measure(
            rows(2, 0.6f, 0.8f, 1, 0, 0, 1),
            new int[] {0, 0, 1},
            rows(2, 1, 0, 0, 1),
            new int[] {0, 1});
    assertThat(found.textToImage()[0]).isEqualTo(1);
    // The first picture is nearer to the other group's caption.
    assertThat(found.imageToText()[0]).isCloseTo(2 / 3.0, within(1e-12));
  }

  @Test
  void tiesCountAgainstTheModel() {
    float[] same = new float[12 * 3];
    Arrays.fill(same, 0.5f);
    Retrieval found = Retrieval.measure(rows(3, same), upTo(12), rows(3, same), upTo(12));
    assertThat(found.imageToText()).containsExactly(0, 0, 0);
    assertThat(found.textToImage()).containsExactly(0, 0, 0);
    assertThat(found.imageToTextMeanRank()).isEqualTo(12);
    Arrays.fill(same, Float.NaN);
    found = Retrieval.measure(rows(3, same), upTo(12), rows(3, same), upTo(12));
    assertThat(found.imageToText()).containsExactly(0, 0, 0);
  }

  @Test
  void placesFiveAndTen() {
    // Query i is found at place i + 1: the similarity falls with the distance from the first.
    float[] texts = new float[12];
    for (int i = 0; i < 12; i++) {
      texts[i] = 12 - i;
    }
    float[] pictures = new float[12];
    Arrays.fill(pictures, 1);
    Retrieval found = Retrieval.measure(rows(1, pictures), upTo(12), rows(1, texts), upTo(12));
    assertThat(found.imageToText())
        .containsExactly(new double[] {1 / 12.0, 5 / 12.0, 10 / 12.0}, within(1e-12));
    assertThat(found.imageToTextMeanRank()).isCloseTo(6.5, within(1e-12));
  }

  @Test
  void moreQueriesThanAreComparedAtOnce() {
    int count = 300;
    float[] unit = new float[count * count];
    for (int i = 0; i < count; i++) {
      unit[i * count + i] = 1;
    }
    Retrieval found =
        Retrieval.measure(rows(count, unit), upTo(count), rows(count, unit), upTo(count));
    assertThat(found.imageToText()[0]).isEqualTo(1);
    assertThat(found.textToImage()[0]).isEqualTo(1);
    assertThat(found.pictures()).isEqualTo(count);
  }

  @Test
  void aQueryWithoutAPartnerIsNotFound() {
    Retrieval found = Retrieval.measure(rows(1, 1, 1), new int[] {0, 7}, rows(1, 1), new int[] {0});
    assertThat(found.imageToText()[0]).isEqualTo(0.5);
  }
}
