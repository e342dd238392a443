package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Whatever the bytes, the decoder gives a picture or its own exception, in little memory. */
class PictureDecoderFuzzTest {
  private static final PictureDecoder.Options SMALL = new PictureDecoder.Options(1 << 16, true);
  private static final String[] MAGICS = {
    "", "\u00ff\u00d8\u00ff", "\u0089PNG\r\n\u001a\n", "GIF89a", "BM", "RIFF....WEBPVP8 "
  };
  private static final String[] FILES = {
    "rgb420.jpg",
    "progressive.jpg",
    "cmyk.jpg",
    "palette.png",
    "interlaced.gif",
    "palette.bmp",
    "lossless.webp",
    "lossy_alpha.webp",
    "turned.jpg"
  };

  @Property(tries = 400)
  void randomBytes(@ForAll @IntRange(max = 5) int magic, @ForAll @Size(max = 200) byte[] bytes) {
    byte[] start = MAGICS[magic].getBytes(StandardCharsets.ISO_8859_1);
    byte[] all = new byte[start.length + bytes.length];
    System.arraycopy(start, 0, all, 0, start.length);
    System.arraycopy(bytes, 0, all, start.length, bytes.length);
    decode(all);
  }

  @Property(tries = 600)
  void damagedFiles(
      @ForAll @IntRange(max = 8) int file,
      @ForAll @IntRange(min = 1, max = 20) int changes,
      @ForAll long seed)
      throws IOException {
    byte[] bytes = PictureDecoderTest.resource(FILES[file]);
    var random = new Random(seed);
    for (int i = 0; i < changes; i++) {
      int range = random.nextBoolean() ? bytes.length : Math.min(bytes.length, 64);
      bytes[random.nextInt(range)] = (byte) random.nextInt();
    }
    decode(bytes);
  }

  private static void decode(byte[] bytes) {
    try {
      Picture picture = PictureDecoder.decode(bytes, "x", SMALL);
      assertThat((long) picture.width() * picture.height()).isLessThanOrEqualTo(1 << 16);
    } catch (PictureException e) {
      assertThat(e).hasMessageStartingWith("x: ");
    }
  }
}
