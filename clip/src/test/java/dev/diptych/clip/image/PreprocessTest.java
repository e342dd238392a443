package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class PreprocessTest {
  @Test
  void normalisesEveryByteInFloat() {
    byte[] rgb = new byte[3 * 256];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i / 3);
    }
    float[] planes = new float[5 + rgb.length];
    new Preprocess(16).normalise(new Picture(16, 16, rgb), planes, 5);
    float[] mean = {0.48145466f, 0.4578275f, 0.40821073f};
    float[] std = {0.26862954f, 0.26130258f, 0.27577711f};
    for (int c = 0; c < 3; c++) {
      for (int v = 0; v < 256; v++) {
        float expected = ((float) v / 255f - mean[c]) / std[c];
        assertThat(planes[5 + 256 * c + v]).isEqualTo(expected);
      }
    }
    assertThat(planes[4]).isZero();
  }

  /** int(round((size − n)/2)): 0.5 goes to 0, 1.5 and 2.5 to 2. */
  @Test
  void cropsFromTheCentreWithHalvesToTheEvenPixel() {
    int[][] margins = {{65, 0}, {66, 1}, {67, 2}, {68, 2}, {69, 2}, {71, 4}};
    for (int[] margin : margins) {
      byte[] rgb = new byte[3 * margin[0] * 64];
      for (int i = 0; i < rgb.length; i++) {
        rgb[i] = (byte) (i / 3 % margin[0]);
      }
      Picture square = new Preprocess(64).toSquare(new Picture(margin[0], 64, rgb));
      assertThat(square.rgb()[0]).as("of %d", margin[0]).isEqualTo((byte) margin[1]);
    }
  }

  /** Scaled whole, these would be pictures of gigabytes. */
  @Test
  void takesTheMiddleOfVeryLongPicturesInLittleMemory() {
    Picture wide = new Preprocess(224).toSquare(BicubicTest.noise(1_000_000, 1));
    assertThat(wide.width()).isEqualTo(224);
    Picture tall = new Preprocess(224).toSquare(BicubicTest.noise(1, 1_000_000));
    assertThat(tall.height()).isEqualTo(224);
    Picture one = new Preprocess(8).toSquare(new Picture(1, 1, new byte[] {1, 2, 3}));
    for (int i = 0; i < one.rgb().length; i++) {
      assertThat(one.rgb()[i]).isEqualTo((byte) (1 + i % 3));
    }
  }

  @Test
  void refusesSizesThatMakeNoSense() {
    assertThatThrownBy(() -> new Preprocess(0)).hasMessageContaining("from 1 to 16384");
    assertThatThrownBy(() -> new Picture(2, 2, new byte[11])).hasMessageContaining("11 bytes");
  }
}
