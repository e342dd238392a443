package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.random.Philox;
import org.junit.jupiter.api.Test;

class AugmentTest {
  @Test
  void rectanglesKeepToTheRanges() {
    var augment = new Augment(8, 0.2, 0.7, 0.75, 4.0 / 3, 0);
    var random = new Philox(3, 0);
    double least = 1;
    double most = 0;
    for (int i = 0; i < 2000; i++) {
      Box box = augment.choose(400, 300, random);
      box.checkInside("box", 400, 300);
      double area = box.width() * box.height() / 120_000.0;
      double ratio = (double) box.width() / box.height();
      least = Math.min(least, area);
      most = Math.max(most, area);
      assertThat(area).isBetween(0.19, 0.71);
      assertThat(ratio).isBetween(0.73, 1.36);
    }
    assertThat(least).isLessThan(0.25);
    assertThat(most).isGreaterThan(0.65);
  }

  /** No rectangle of 0.9 of the area fits into 10:1, so ten tries fail. */
  @Test
  void fallsBackToTheCentre() {
    var augment = new Augment(8);
    assertThat(augment.choose(300, 30, new Philox(1, 0))).isEqualTo(new Box(130, 0, 40, 30));
    assertThat(augment.choose(30, 300, new Philox(1, 0))).isEqualTo(new Box(0, 130, 30, 40));
    assertThat(augment.choose(1, 1000, new Philox(1, 0))).isEqualTo(new Box(0, 499, 1, 1));
  }

  @Test
  void isRepeatableAndFlips() {
    Picture picture = BicubicTest.noise(50, 40);
    Picture plain = new Augment(16).apply(picture, new Philox(9, 0));
    assertThat(new Augment(16).apply(picture, new Philox(9, 0)).rgb()).isEqualTo(plain.rgb());
    Picture flipped = new Augment(16, 0.9, 1, 0.75, 4.0 / 3, 1).apply(picture, new Philox(9, 0));
    assertThat(flipped.rgb()).isEqualTo(Orientation.apply(plain, 2).rgb());
    assertThat(flipped.rgb()).isNotEqualTo(plain.rgb());
  }

  @Test
  void refusesRangesThatMakeNoSense() {
    assertThatThrownBy(() -> new Augment(8, 0, 1, 0.75, 1.3, 0))
        .hasMessageContaining("0 < minScale");
    assertThatThrownBy(() -> new Augment(8, 0.5, 1, 0.75, 1.3, Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
