package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** A few bytes that claim 100,000 × 100,000 pixels, or as many as the format can say. */
  @ParameterizedTest
  @Timeout(value = 5, unit = TimeUnit.SECONDS)
  @ValueSource(
      strings = {
        "89504e470d0a1a0a 0000000d 49484452 000186a0 000186a0 08 02 00 00 00 00000000",
        "474946383961 ffff ffff f0 00 00 000000 ffffff 2c 0000 0000 ffff ffff 00 02 02 4c01 00 3b",
        "424d 46000000 00000000 36000000 28000000 a0860100 a0860100 0100 1800 00000000 00000000"
            + " 00000000 00000000 00000000 00000000 0000000000000000",
        "ffd8 ffc0 0011 08 ffdc ffdc 03 012200 021101 031101 ffda 000c 03 0100 0211 0311 00 3f 00"
            + " 00 ffd9",
        "52494646 1c000000 57454250 56503820 10000000 100000 9d012a ff3f ff3f 000000000000"
      })
  void picturesThatClaimToBeHugeAreRefusedBeforeMemoryIsTaken(String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    assertThatThrownBy(() -> PictureDecoder.decode(bytes, "x"))
        .isInstanceOf(PictureException.class)
        .hasMessageStartingWith("x: ")
        .hasMessageNotContaining("not enough memory");
  }

  /** The first header says 1 × 1, a second one 100,000 × 100,000. */
  @Test
  @Timeout(value = 5, unit = TimeUnit.SECONDS)
  void aSecondHeaderOfAPngChangesNothing() {
    byte[] one = PngEncoder.encode(new Picture(1, 1, new byte[] {1, 2, 3}));
    ByteBuffer header = ByteBuffer.allocate(25);
    header.putInt(13).put("IHDR".getBytes(StandardCharsets.US_ASCII));
    header.putInt(100_000).putInt(100_000).put(new byte[] {8, 2, 0, 0, 0});
    CRC32 sum = new CRC32();
    sum.update(header.array(), 4, 17);
    header.putInt((int) sum.getValue());
    ByteBuffer both = ByteBuffer.allocate(one.length + 25);
    both.put(one, 0, 33).put(header.array()).put(one, 33, one.length - 33);
    try {
      assertThat(PictureDecoder.decode(both.array(), "x").width()).isEqualTo(1);
    } catch (PictureException e) {
      assertThat(e).hasMessageStartingWith("x: corrupt PNG");
    }
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
