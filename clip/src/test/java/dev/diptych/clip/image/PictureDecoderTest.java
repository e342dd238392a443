package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PictureDecoderTest {
  /** A line of expected.txt: what Pillow made of a file. */
  record Expected(String file, int width, int height, String pixels, String at16, String at64) {}

  static List<Expected> expected() throws IOException {
    String text = new String(resource("expected.txt"), StandardCharsets.UTF_8);
    return text.lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split(" ", -1))
        .map(w ->
            new Expected(w[0], Integer.parseInt(w[1]), Integer.parseInt(w[2]), w[3], w[4], w[5]))
        .toList();
  }

  static byte[] resource(String name) throws IOException {
    try (InputStream in = PictureDecoderTest.class.getResourceAsStream(name)) {
      return Objects.requireNonNull(in, name).readAllBytes();
    }
  }

  static String crc(Picture picture) {
    var crc = new CRC32();
    crc.update(picture.rgb());
    return String.format("%08x", crc.getValue());
  }

  @ParameterizedTest
  @MethodSource("expected")
  void equalsPillowToTheLastBit(Expected expected) throws IOException {
    Picture picture = PictureDecoder.decode(resource(expected.file), expected.file);
    assertThat(picture.width()).isEqualTo(expected.width);
    assertThat(picture.height()).isEqualTo(expected.height);
    assertThat(crc(picture)).isEqualTo(expected.pixels);
    assertThat(crc(new Preprocess(16).toSquare(picture))).isEqualTo(expected.at16);
    assertThat(crc(new Preprocess(64).toSquare(picture))).isEqualTo(expected.at64);
  }

  /** Cut anywhere, a file is refused: no half-grey picture comes out of it. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "rgb420.jpg", "progressive.jpg", "cmyk.jpg", "grey.jpg", "rgb.png", "palette2.png",
        "interlaced.png", "rgb16.png", "palette.gif", "rgb.bmp", "palette.bmp", "lossless.webp",
        "lossy.webp", "lossy_alpha.webp"
      })
  void refusesTruncatedFiles(String file) throws IOException {
    byte[] whole = resource(file);
    // The end mark and the bits that fill the last byte: without them no pixel is lost.
    int trailer = file.endsWith("gif") || file.endsWith("jpg") ? 4 : 1;
    for (int length = 0; length <= whole.length - trailer; length += 1 + length / 40) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThatThrownBy(() -> PictureDecoder.decode(part, file))
          .as("%s cut at %d of %d", file, length, whole.length)
          .isInstanceOf(PictureException.class)
          .hasMessageStartingWith(file + ": ");
    }
    byte[] almost = Arrays.copyOf(whole, whole.length - trailer);
    assertThatThrownBy(() -> PictureDecoder.decode(almost, file))
        .isInstanceOf(PictureException.class);
  }

  /** The container is whole, its length right, but compressed data are missing inside. */
  @Test
  void refusesWholeContainersWithMissingPixels() throws IOException {
    byte[] jpeg = resource("rgb420.jpg");
    byte[] cut = Arrays.copyOf(jpeg, jpeg.length * 3 / 4);
    cut[cut.length - 2] = (byte) 0xff;
    cut[cut.length - 1] = (byte) 0xd9;
    assertThatThrownBy(() -> PictureDecoder.decode(cut, "cut.jpg"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("truncated JPEG");

    byte[] png = resource("rgb.png");
    byte[] shortened = withShorterData(png);
    assertThatThrownBy(() -> PictureDecoder.decode(shortened, "cut.png"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("PNG");
  }

  /** Removes the last third of a PNG's only IDAT and makes lengths and checksums right again. */
  private static byte[] withShorterData(byte[] png) {
    int at = new String(png, StandardCharsets.ISO_8859_1).indexOf("IDAT");
    int length = ByteBuffer.wrap(png).getInt(at - 4);
    int kept = length * 2 / 3;
    ByteBuffer out = ByteBuffer.allocate(png.length - length + kept);
    out.put(png, 0, at - 4).putInt(kept).put(png, at, 4 + kept);
    var crc = new CRC32();
    crc.update(png, at, 4 + kept);
    out.putInt((int) crc.getValue());
    int rest = at + 4 + length + 4;
    out.put(png, rest, png.length - rest);
    return out.array();
  }

  @Test
  void refusesFlippedBitsInPngData() throws IOException {
    byte[] png = resource("rgb.png");
    png[png.length / 2] ^= 4;
    assertThatThrownBy(() -> PictureDecoder.decode(png, "flipped.png"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("wrong checksum");
  }

  @Test
  void refusesWhatIsNoPicture() {
    assertThatThrownBy(() -> PictureDecoder.decode(new byte[0], "nothing.png"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("nothing.png: empty");
    byte[] text = "Dear reader, this is text.".getBytes(StandardCharsets.UTF_8);
    assertThatThrownBy(() -> PictureDecoder.decode(text, "letter.png"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("letter.png: no picture")
        .hasMessageContaining("Dear rea");
  }

  @Test
  void namesFilesThatCannotBeRead(@TempDir Path folder) {
    assertThatThrownBy(() -> PictureDecoder.read(folder.resolve("absent.jpg")))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("no such file");
    assertThatThrownBy(() -> PictureDecoder.read(folder))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("folder");
  }

  /** Headers that claim billions of pixels are refused before memory is taken for them. */
  @Test
  void refusesHugeHeaders() throws IOException {
    byte[] png = resource("rgb.png");
    ByteBuffer.wrap(png).putInt(16, 2_000_000_000).putInt(20, 2_000_000_000);
    assertTooLarge(png, "huge.png");
    byte[] jpeg = resource("rgb420.jpg");
    int frame = new String(jpeg, StandardCharsets.ISO_8859_1).indexOf("\u00ff\u00c0");
    ByteBuffer.wrap(jpeg).putShort(frame + 5, (short) 65000).putShort(frame + 7, (short) 65000);
    assertTooLarge(jpeg, "huge.jpg");
    byte[] gif = resource("palette.gif");
    ByteBuffer.wrap(gif).putInt(6, -1);
    assertTooLarge(gif, "huge.gif");
    byte[] bmp = resource("rgb.bmp");
    ByteBuffer.wrap(bmp).putInt(18, 0x0000_0070).putInt(22, 0x0000_0070);
    assertTooLarge(bmp, "huge.bmp");
    byte[] webp = resource("lossless.webp");
    ByteBuffer.wrap(webp).putInt(21, 0xffffff0f);
    assertTooLarge(webp, "huge.webp");
  }

  private static void assertTooLarge(byte[] bytes, String name) {
    assertThatThrownBy(() -> PictureDecoder.decode(bytes, name))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining(name + ": too large");
  }

  /** Within the limit, but more pixels than so few bytes can hold. */
  @Test
  void refusesLargeHeadersOverSmallData() throws IOException {
    byte[] png = resource("rgb.png");
    ByteBuffer header = ByteBuffer.wrap(png).putInt(16, 13_000).putInt(20, 13_000);
    var crc = new CRC32();
    crc.update(png, 12, 17);
    header.putInt(29, (int) crc.getValue());
    assertThatThrownBy(() -> PictureDecoder.decode(png, "claims.png"))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("cannot hold 13000×13000 pixels");
  }

  @Test
  void obeysTheLimitOfPixels() throws IOException {
    byte[] png = resource("rgb.png");
    var options = new PictureDecoder.Options(45 * 35 - 1, false);
    assertThatThrownBy(() -> PictureDecoder.decode(png, "rgb.png", options))
        .isInstanceOf(PictureException.class)
        .hasMessageContaining("the limit is 1574");
  }

  @Test
  void turnsOnlyWhenAsked() throws IOException {
    byte[] jpeg = resource("turned.jpg");
    Picture stored = PictureDecoder.decode(jpeg, "turned.jpg");
    Picture turned =
        PictureDecoder.decode(jpeg, "turned.jpg", new PictureDecoder.Options(1 << 20, true));
    assertThat(stored.width()).isEqualTo(45);
    assertThat(turned.width()).isEqualTo(35);
    assertThat(turned.height()).isEqualTo(45);
    // Orientation 6: the stored left column, from below, is the upper row.
    for (int x = 0; x < 35; x++) {
      assertThat(turned.rgb()[3 * x]).isEqualTo(stored.rgb()[3 * 45 * (34 - x)]);
    }
  }

  @Test
  void allEightOrientations() {
    var picture = new Picture(2, 1, new byte[] {1, 1, 1, 2, 2, 2});
    int[][] upperLeftAndLast = {{1, 2}, {2, 1}, {2, 1}, {1, 2}, {1, 2}, {1, 2}, {2, 1}, {2, 1}};
    for (int orientation = 1; orientation <= 8; orientation++) {
      Picture turned = Orientation.apply(picture, orientation);
      assertThat(turned.width()).isEqualTo(orientation < 5 ? 2 : 1);
      assertThat(turned.rgb()[0]).isEqualTo((byte) upperLeftAndLast[orientation - 1][0]);
      assertThat(turned.rgb()[3]).isEqualTo((byte) upperLeftAndLast[orientation - 1][1]);
    }
    var tall = new Picture(1, 2, new byte[] {1, 1, 1, 2, 2, 2});
    assertThat(Orientation.apply(tall, 6).rgb()[0]).isEqualTo((byte) 2);
    assertThat(Orientation.apply(tall, 8).rgb()[0]).isEqualTo((byte) 1);
    assertThat(Orientation.apply(tall, 5).rgb()[0]).isEqualTo((byte) 1);
    assertThat(Orientation.apply(tall, 7).rgb()[0]).isEqualTo((byte) 2);
  }

  @Test
  void decodesFromManyThreads() throws Exception {
    List<Expected> all = expected();
    List<Callable<String>> tasks =
        all.stream()
            .<Callable<String>>map(
                e -> () -> crc(PictureDecoder.decode(resource(e.file), e.file)) + e.pixels)
            .toList();
    try (var pool = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 5; i++) {
        for (var result : pool.invokeAll(tasks)) {
          assertThat(result.get().substring(0, 8)).isEqualTo(result.get().substring(8));
        }
      }
    }
    assertThat(javax.imageio.ImageIO.getUseCache()).isFalse();
  }
}
