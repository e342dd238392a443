package dev.diptych.clip.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.random.Philox;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class SceneRendererTest {
  private static final int SIZE = 48;

  private static Scene plain(Thing thing, double x, double y, double radius, double turn) {
    SceneObject object = new SceneObject(thing, x, y, radius, turn, thing.colour().rgb());
    return new Scene(Scene.Layout.LARGE, List.of(object), 128, 0, 0, 1);
  }

  private static int pixel(byte[] rgb, int size, double x, double y) {
    int row = (int) (y * size);
    int column = (int) (x * size);
    int at = (row * size + column) * 3;
    return (rgb[at] & 255) << 16 | (rgb[at + 1] & 255) << 8 | (rgb[at + 2] & 255);
  }

  @Test
  void theRightColourIsInsideEveryObjectAndGreyFarFromAll() {
    SceneGenerator generator =
        new SceneGenerator(2, HeldOut.choose(new Philox(2, 0)), SceneMix.standard());
    for (long number = 0; number < 2_000; number++) {
      Scene scene = generator.training(number);
      byte[] rgb = SceneRenderer.render(scene, SIZE);
      assertThat(rgb).hasSize(SIZE * SIZE * 3);
      for (SceneObject object : scene.objects()) {
        double down = object.thing().shape().inside() * object.radius();
        assertThat(pixel(rgb, SIZE, object.x(), object.y() + down))
            .as(object.toString())
            .isEqualTo(object.rgb());
      }
    }
  }

  @Test
  void everyShapeCoversItsOwnPartOfTheCircleAroundIt() {
    double previous = -1;
    for (Shape shape : Shape.values()) {
      int size = 200;
      Thing thing = new Thing(Colour.RED, shape);
      byte[] rgb = SceneRenderer.render(plain(thing, 0.5, 0.5, 0.45, 0), size);
      int inked = 0;
      for (int row = 0; row < size; row++) {
        for (int column = 0; column < size; column++) {
          if (pixel(rgb, size, (column + 0.5) / size, (row + 0.5) / size) == 0x808080) {
            continue;
          }
          inked++;
          double distance = Math.hypot(column + 0.5 - 100, row + 0.5 - 100);
          assertThat(distance).as(shape.word()).isLessThanOrEqualTo(0.45 * size * 1.01 + 1);
        }
      }
      double share = inked / (Math.PI * 90 * 90);
      assertThat(share).as(shape.word()).isBetween(0.2, 0.95);
      assertThat(share).as(shape.word()).isNotEqualTo(previous);
      previous = share;
    }
  }

  @Test
  void areasAreThoseOfGeometry() {
    assertThat(area(Shape.CIRCLE)).isCloseTo(Math.PI * 0.95 * 0.95, within());
    assertThat(area(Shape.SQUARE)).isCloseTo(1.4 * 1.4, within());
    assertThat(area(Shape.TRIANGLE)).isCloseTo(3 * Math.sqrt(3) / 4, within());
    assertThat(area(Shape.CROSS)).isCloseTo(2 * 1.84 * 0.56 - 0.56 * 0.56, within());
    assertThat(area(Shape.RING)).isCloseTo(Math.PI * (0.96 * 0.96 - 0.52 * 0.52), within());
    assertThat(area(Shape.DIAMOND)).isCloseTo(2 / 1.55, within());
    assertThat(area(Shape.STAR)).isCloseTo(5 * 0.45 * Math.sin(Math.PI / 5), within());
  }

  private static Offset<Double> within() {
    return Offset.offset(0.02);
  }

  private static double area(Shape shape) {
    int inside = 0;
    for (int i = 0; i < 500; i++) {
      for (int j = 0; j < 500; j++) {
        inside += shape.distance((i - 249.5) / 250, (j - 249.5) / 250) < 0 ? 1 : 0;
      }
    }
    return inside / (250.0 * 250);
  }

  @Test
  void edgesAreSmoothAndTheTriangleStandsUpright() {
    byte[] rgb =
        SceneRenderer.render(plain(new Thing(Colour.BLUE, Shape.TRIANGLE), 0.5, 0.5, 0.4, 0), 64);
    int wideAbove = inked(rgb, 64, 18);
    int wideBelow = inked(rgb, 64, 42);
    assertThat(wideBelow).isGreaterThan(2 * wideAbove);
    int between = 0;
    for (int i = 0; i < rgb.length; i += 3) {
      int blue = rgb[i + 2] & 255;
      between += blue > 0x80 && blue < (Colour.BLUE.rgb() & 255) ? 1 : 0;
    }
    assertThat(between).isGreaterThan(20);
  }

  private static int inked(byte[] rgb, int size, int row) {
    int count = 0;
    for (int column = 0; column < size; column++) {
      int at = (row * size + column) * 3;
      count += rgb[at] != rgb[at + 2] ? 1 : 0;
    }
    return count;
  }

  @Test
  void theSameSceneGivesTheSameBytesAndObjectsMayLeaveThePicture() {
    Scene scene = plain(new Thing(Colour.CYAN, Shape.HEART), 0.0, 1.0, 0.4, 0.1);
    assertThat(SceneRenderer.render(scene, 31)).isEqualTo(SceneRenderer.render(scene, 31));
    assertThat(SceneRenderer.render(scene, 1)).hasSize(3);
    assertThatThrownBy(() -> SceneRenderer.render(scene, 0)).hasMessageContaining("at least 1");
  }
}
