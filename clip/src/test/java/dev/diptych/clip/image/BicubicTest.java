package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BicubicTest {
  /** A picture that anyone can make again: byte i is the high byte of a 32-bit generator. */
  static Picture noise(int width, int height) {
    byte[] rgb = new byte[3 * width * height];
    int state = 12345;
    for (int i = 0; i < rgb.length; i++) {
      state = state * 1664525 + 1013904223;
      rgb[i] = (byte) (state >>> 24);
    }
    return new Picture(width, height, rgb);
  }

  private static String crc(Picture picture) {
    var crc = new CRC32();
    crc.update(picture.rgb());
    return String.format("%08x", crc.getValue());
  }

  /** CRC-32 of what Pillow 12.3 gives: {@code noise.resize((w, h), BICUBIC)}. */
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1, 1, e78c8455",
    "1, 1, 7, 5, 7d69b796",
    "2, 3, 5, 4, f4e24ef6",
    "5, 4, 2, 2, 200109c4",
    "31, 17, 16, 16, 8dcc1b74",
    "16, 16, 31, 17, 1ed30860",
    "64, 48, 64, 20, 2ee0d8d8",
    "64, 48, 20, 48, f791cf43",
    "100, 75, 33, 32, b7c50042",
    "224, 224, 224, 224, 24fe3db7",
    "301, 203, 48, 32, 8acd6e87",
    "640, 480, 299, 224, 97c99130",
    "3, 200, 48, 3200, 8bfd7f7f",
    "33, 65, 1, 1, 211248be",
    "97, 5, 13, 300, efe8f1eb"
  })
  void equalsPillow(int width, int height, int toWidth, int toHeight, String expected) {
    assertThat(crc(Bicubic.resize(noise(width, height), toWidth, toHeight))).isEqualTo(expected);
  }

  /** The very numbers that Pillow 12.3 gives, for who wants to see them. */
  @Test
  void equalsPillowInNumbers() {
    Picture two = Bicubic.resize(noise(5, 4), 2, 2);
    assertThat(two.rgb())
        .containsExactly(
            new byte[] {
              105,
              (byte) 141,
              (byte) 158,
              (byte) 138,
              83,
              (byte) 171,
              85,
              (byte) 154,
              (byte) 163,
              115,
              (byte) 151,
              (byte) 154
            });
  }

  @Test
  void aBoxCountsAsThePictureCutOut() {
    Picture picture = noise(40, 30);
    var box = new Box(7, 5, 21, 13);
    byte[] cut = new byte[3 * 21 * 13];
    for (int y = 0; y < 13; y++) {
      System.arraycopy(picture.rgb(), 3 * ((5 + y) * 40 + 7), cut, 3 * 21 * y, 3 * 21);
    }
    var alone = new Picture(21, 13, cut);
    for (int[] size : new int[][] {{21, 13}, {21, 8}, {9, 13}, {9, 8}, {50, 40}}) {
      assertThat(Bicubic.resize(picture, box, size[0], size[1]).rgb())
          .isEqualTo(Bicubic.resize(alone, size[0], size[1]).rgb());
    }
  }

  @Test
  void aWindowIsPartOfTheWhole() {
    Picture picture = noise(40, 30);
    var all = new Box(0, 0, 40, 30);
    for (int[] size : new int[][] {{40, 30}, {40, 17}, {17, 30}, {19, 23}, {80, 70}}) {
      Picture whole = Bicubic.resize(picture, size[0], size[1]);
      Picture part = Bicubic.resize(picture, all, size[0], size[1], new Box(3, 4, 11, 9));
      for (int y = 0; y < 9; y++) {
        for (int i = 0; i < 33; i++) {
          assertThat(part.rgb()[33 * y + i])
              .isEqualTo(whole.rgb()[3 * ((4 + y) * size[0] + 3) + i]);
        }
      }
    }
  }

  @Test
  void refusesBoxesOutside() {
    Picture picture = noise(4, 3);
    assertThatThrownBy(() -> Bicubic.resize(picture, new Box(1, 0, 4, 3), 2, 2))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not inside a picture of 4×3");
    assertThatThrownBy(() -> Bicubic.resize(picture, 0, 2))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
