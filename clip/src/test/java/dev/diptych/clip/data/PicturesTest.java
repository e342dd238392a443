package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.image.Augment;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.tensor.random.Philox;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;

/** The loader with real pictures: decoded, cropped, normalised, and some of them damaged. */
class PicturesTest {
  private static final int SIZE = 8;
  private static final Preprocess PREPROCESS = new Preprocess(SIZE);

  private static byte[] png(int width, int height, int seed) throws IOException {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        image.setRGB(x, y, 0x010307 * (x + y) ^ seed * 0x50319);
      }
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(ImageIO.write(image, "png", bytes)).isTrue();
    return bytes.toByteArray();
  }

  private static IndexedSource source() throws IOException {
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      byte[] picture = png(10 + 7 * i, 40, i);
      if (i == 4) {
        picture = Arrays.copyOf(picture, picture.length / 2);
      } else if (i == 6) {
        picture = Samples.bytes("GIF87a, or so it says");
      }
      Blob blob = new Blob.InMemory("p" + i + ".png", picture);
      examples.add(new Example("p" + i, 0, blob, List.of("caption " + i), null, null));
    }
    return IndexedSource.of("pictures", examples, BadLimit.DEFAULT);
  }

  private static Batch first(IndexedSource source, PictureTransform transform, boolean training) {
    LoaderOptions options = LoaderOptions.of(9, SIZE, Samples.CONTEXT, 5, training).withThreads(2);
    try (Loader loader = new Loader(source, options, transform, Samples.TOKENIZER)) {
      return Objects.requireNonNull(loader.next());
    }
  }

  @Test
  void damagedPicturesAreCountedNamedAndSkipped() throws IOException {
    IndexedSource source = source();
    Batch batch = first(source, new SquarePictures(PREPROCESS), false);
    assertThat(batch.pictureIds()).containsExactly(0, 1, 2, 3, 5, 7, 8);
    assertThat(source.bad().count(BadReason.CORRUPT_PICTURE)).isEqualTo(2);
    assertThat(source.bad().firstFew())
        .contains("p4.png: unreadable picture (")
        .contains("p6.png: unreadable picture (")
        .doesNotContain("(p4.png");
    assertThat(first(source, crops(0.5), true).pictureIds()).doesNotContain(4, 6);
  }

  private static CroppedPictures crops(double minScale) {
    return new CroppedPictures(new Augment(SIZE, minScale, 1, 0.75, 1.25, 0.5), PREPROCESS);
  }

  @Test
  void validationSeesTheSquareInTheMiddle() throws IOException {
    byte[] picture = png(30, 20, 3);
    SquarePictures squares = new SquarePictures(PREPROCESS);
    float[] pixels = new float[2 + 3 * SIZE * SIZE];
    squares.write(picture, "p", new Philox(1, 1), pixels, 1);
    Picture square = squares.decode(picture, "p");
    assertThat(List.of(square.width(), square.height())).containsExactly(SIZE, SIZE);
    float[] expected = new float[3 * SIZE * SIZE];
    PREPROCESS.normalise(square, expected, 0);
    assertThat(Arrays.copyOfRange(pixels, 1, pixels.length - 1)).isEqualTo(expected);
    assertThat(pixels[0]).isZero();
    assertThat(pixels[pixels.length - 1]).isZero();
  }

  @Test
  void largePicturesAreKeptSmallAndSmallOnesAsTheyAre() throws IOException {
    CroppedPictures crops = crops(0.25);
    Picture large = crops.decode(png(400, 200, 1), "large");
    assertThat(List.of(large.width(), large.height())).containsExactly(64, 32);
    assertThat(crops.sizeInBytes(large)).isEqualTo(64 * 32 * 3);
    Picture small = crops.decode(png(31, 90, 1), "small");
    assertThat(List.of(small.width(), small.height())).containsExactly(31, 90);
    Picture line = crops.decode(png(3000, 33, 1), "line");
    assertThat(List.of(line.width(), line.height())).containsExactly(2909, 32);
  }

  @Test
  void cropsDependOnTheRandomNumbersAlone() throws IOException {
    byte[] picture = png(50, 40, 2);
    CroppedPictures crops = crops(0.3);
    float[] first = new float[3 * SIZE * SIZE];
    float[] again = new float[3 * SIZE * SIZE];
    float[] other = new float[3 * SIZE * SIZE];
    crops.write(picture, "p", new Philox(1, 7), first, 0);
    crops.write(crops.decode(picture, "p"), new Philox(1, 7), again, 0);
    crops.write(picture, "p", new Philox(1, 8), other, 0);
    assertThat(again).isEqualTo(first);
    assertThat(other).isNotEqualTo(first);
  }

  @Test
  void theSizesMustAgree() {
    assertThatThrownBy(() -> new CroppedPictures(new Augment(9), PREPROCESS))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("crops of 9 and squares of 8");
  }
}
