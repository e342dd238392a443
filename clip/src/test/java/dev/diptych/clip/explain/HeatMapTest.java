package dev.diptych.clip.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.image.Area;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class HeatMapTest {
  private static final float[] RAMP = {0, 1, 2, 3, 4, 5};

  @Test
  void valuesAreLinearBetweenCentres() {
    HeatMap map = new HeatMap(2, 3, RAMP, new Area(10, 20, 30, 40)); // cells of 10 × 20 pixels
    assertThat(map.at(15, 30)).isEqualTo(0);
    assertThat(map.at(25, 30)).isEqualTo(1);
    assertThat(map.at(20, 30)).isEqualTo(0.5f);
    assertThat(map.at(15, 40)).isEqualTo(1.5f);
    assertThat(map.at(35, 50)).isEqualTo(5);
    assertThat(map.at(10, 20)).isEqualTo(0); // beyond the outermost centres nothing changes
    assertThat(map.at(1000, 1000)).isEqualTo(5);
  }

  @Test
  void thePeakIsTheCentreOfTheLargestCell() {
    Area area = new Area(10, 20, 30, 40);
    assertThat(new HeatMap(2, 3, RAMP, area).peak()).isEqualTo(new HeatMap.Point(35, 50));
    float[] flat = new float[6];
    assertThat(new HeatMap(2, 3, flat, area).peak()).isEqualTo(new HeatMap.Point(15, 30));
  }

  /**
   * A spot of a picture, seen in the square that the model gets, lies where the area says: scaling
   * and cropping are undone.
   */
  @Property(tries = 60)
  void theAreaUndoesThePreprocessing(
      @ForAll @IntRange(min = 40, max = 200) int width,
      @ForAll @IntRange(min = 40, max = 200) int height,
      @ForAll @IntRange(min = 0, max = 1000) int where) {
    int size = 32;
    Preprocess preprocess = new Preprocess(size);
    Area area = preprocess.area(width, height);
    double spotX = area.x() + area.width() * (0.2 + 0.6 * (where % 31) / 30);
    double spotY = area.y() + area.height() * (0.2 + 0.6 * (where % 17) / 16);
    byte[] rgb = new byte[3 * width * height];
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        double distance = Math.hypot(x + 0.5 - spotX, y + 0.5 - spotY) / Math.min(width, height);
        byte level = (byte) Math.round(255 * Math.exp(-distance * distance / 0.02));
        rgb[3 * (y * width + x)] = level;
      }
    }
    Picture square = preprocess.toSquare(new Picture(width, height, rgb));
    double sum = 0;
    double sumX = 0;
    double sumY = 0;
    for (int i = 0; i < size * size; i++) {
      double weight = Math.pow((square.rgb()[3 * i] & 255) / 255.0, 4); // the spot, not its tails
      sum += weight;
      int row = i / size;
      int column = i % size;
      sumX += weight * (column + 0.5);
      sumY += weight * (row + 0.5);
    }
    double cell = area.width() / size;
    assertThat(area.x() + sumX / sum * cell).isCloseTo(spotX, within(0.5 * cell));
    assertThat(area.y() + sumY / sum * area.height() / size)
        .isCloseTo(spotY, within(0.5 * area.height() / size));
  }

  @Test
  void theAreaIsTheSquareInTheMiddle() {
    assertThat(new Preprocess(224).area(640, 480).width()).isCloseTo(480, within(2.0));
    assertThat(new Preprocess(224).area(640, 480).x()).isCloseTo(80, within(2.0));
    assertThat(new Preprocess(224).area(100, 100)).isEqualTo(new Area(0, 0, 100, 100));
    assertThat(new Preprocess(10).area(10, 40)).isEqualTo(new Area(0, 15, 10, 10));
  }

  @Test
  void theOverlayColoursWhatIsSeenAndDimsTheRest() {
    Picture grey = new Picture(8, 4, new byte[3 * 8 * 4]);
    java.util.Arrays.fill(grey.rgb(), (byte) 200);
    HeatMap map = new HeatMap(2, 2, new float[] {0, 0, 0, 9}, new Area(2, 0, 4, 4));
    Picture overlay = map.overlay(grey);
    assertThat(overlay.width()).isEqualTo(8);
    assertThat(pixel(overlay, 0, 0)).containsExactly(100, 100, 100);
    assertThat(pixel(overlay, 6, 3)).containsExactly(100, 100, 100);
    int[] hot = pixel(overlay, 5, 3);
    int[] cold = pixel(overlay, 2, 0);
    assertThat(hot[0]).isGreaterThan(cold[0] + 100);
    assertThat(hot[0]).as("light yellow").isGreaterThan(hot[2]);
    assertThat(map.overlay(grey).rgb()).isEqualTo(overlay.rgb());
  }

  @Test
  void aFlatMapIsDark() {
    Picture picture = new Picture(4, 4, new byte[48]);
    HeatMap flat = new HeatMap(1, 1, new float[] {0.7f}, new Area(0, 0, 4, 4));
    assertThat(flat.overlay(picture).rgb()[0] & 255).isLessThan(20);
  }

  private static int[] pixel(Picture picture, int x, int y) {
    int i = 3 * (y * picture.width() + x);
    return new int[] {
      picture.rgb()[i] & 255, picture.rgb()[i + 1] & 255, picture.rgb()[i + 2] & 255
    };
  }

  @Test
  void refusesAPictureItIsNotOf() {
    HeatMap map = new HeatMap(1, 1, new float[1], new Area(0, 0, 10, 10));
    assertThatThrownBy(() -> map.overlay(new Picture(9, 10, new byte[270])))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("9×10");
    assertThatThrownBy(() -> new HeatMap(2, 2, new float[3], new Area(0, 0, 1, 1)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** Every colour is lighter than the one before (CIE 1976 L*), in steps of nearly equal size. */
  @Test
  void coloursGrowEvenlyLighter() {
    double previous = lightness(HeatColours.rgb(0));
    assertThat(previous).isLessThan(5);
    assertThat(lightness(HeatColours.rgb(1))).isGreaterThan(90);
    for (int i = 1; i <= 32; i++) {
      double next = lightness(HeatColours.rgb(i / 32.0));
      assertThat(next - previous).as("step %d", i).isBetween(0.5, 4.5);
      previous = next;
    }
    assertThat(HeatColours.rgb(-3)).isEqualTo(HeatColours.rgb(0));
    assertThat(HeatColours.rgb(7)).isEqualTo(HeatColours.rgb(1));
  }

  private static double lightness(int rgb) {
    double y =
        0.2126 * linear(rgb >> 16 & 255)
            + 0.7152 * linear(rgb >> 8 & 255)
            + 0.0722 * linear(rgb & 255);
    return y > 216.0 / 24389 ? 116 * Math.cbrt(y) - 16 : y * 24389 / 27;
  }

  private static double linear(int channel) {
    double x = channel / 255.0;
    return x <= 0.04045 ? x / 12.92 : Math.pow((x + 0.055) / 1.055, 2.4);
  }
}
