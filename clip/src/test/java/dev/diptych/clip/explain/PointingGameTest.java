package dev.diptych.clip.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.image.Area;
import java.util.List;
import org.junit.jupiter.api.Test;

class PointingGameTest {
  private static final Area SEEN = new Area(20, 0, 60, 60);

  /** A map of 6 × 6 cells of 10 pixels whose largest value is at (row, column). */
  private static HeatMap pointingAt(int row, int column) {
    float[] values = new float[36];
    values[6 * row + column] = 1;
    return new HeatMap(6, 6, values, SEEN);
  }

  @Test
  void countsHitsCentreAndChance() {
    PointingGame game = new PointingGame(0);
    List<Area> box =
        List.of(new Area(20, 0, 30, 20)); // 600 of 3,600 pixels; centre (50, 30) is out
    assertThat(game.ask("cat", pointingAt(1, 2), box, false)).isTrue(); // (45, 15)
    assertThat(game.ask("cat", pointingAt(2, 2), box, true)).isTrue(); // (45, 25)
    List<Area> all = List.of(new Area(0, 0, 30, 60), new Area(30, 0, 300, 60));
    assertThat(game.ask("dog", pointingAt(5, 5), all, false)).isTrue();
    PointingGame.Outcome outcome = game.outcome();
    assertThat(outcome.questions()).isEqualTo(3);
    assertThat(outcome.classes()).isEqualTo(2);
    assertThat(outcome.perQuestion().found()).isCloseTo(2.0 / 3, within(1e-12));
    assertThat(outcome.perQuestion().centre()).isCloseTo(1.0 / 3, within(1e-12));
    assertThat(outcome.perQuestion().random()).isCloseTo((2.0 / 6 + 1) / 3, within(1e-12));
    assertThat(outcome.perClass().found()).isCloseTo(0.75, within(1e-12));
    assertThat(outcome.perClass().centre()).isCloseTo(0.5, within(1e-12));
    assertThat(outcome.perClass().random()).isCloseTo((1.0 / 6 + 1) / 2, within(1e-12));
    assertThat(game.difficult().questions()).isEqualTo(1);
    assertThat(game.difficult().perQuestion().found()).isZero();
  }

  @Test
  void aPointMayMissByTheTolerance() {
    List<Area> box = List.of(new Area(20, 0, 10, 10));
    PointingGame near = new PointingGame(15);
    near.ask("cat", pointingAt(0, 2), box, false); // (45, 5): 15 to the right
    near.ask("cat", pointingAt(1, 2), box, false); // (45, 15): 15 and 5
    assertThat(near.outcome().perQuestion().found()).isEqualTo(0.5);
    PointingGame exact = new PointingGame(14.9);
    exact.ask("cat", pointingAt(0, 2), box, false);
    assertThat(exact.outcome().perQuestion().found()).isZero();
    assertThat(PointingGame.USUAL_TOLERANCE).isEqualTo(15);
  }

  @Test
  void whatTheModelDoesNotSeeIsNotAskedFor() {
    PointingGame game = new PointingGame(5);
    assertThat(game.ask("cat", pointingAt(0, 0), List.of(new Area(0, 0, 10, 60)), true)).isFalse();
    assertThat(game.unseen()).isEqualTo(1);
    assertThat(game.outcome().questions()).isZero();
    assertThat(game.outcome().perClass()).isEqualTo(new PointingGame.Score(0, 0, 0));
    assertThatThrownBy(() -> new PointingGame(-1)).hasMessageContaining("-1");
  }

  /** The share for chance is what random pointing comes to. */
  @Test
  void chanceIsWhatRandomPointsScore() {
    PointingGame game = new PointingGame(0);
    List<Area> boxes = List.of(new Area(22, 3, 31.4, 17.2), new Area(40, 10, 30, 30));
    game.ask("cat", pointingAt(0, 0), boxes, false);
    var random = new dev.diptych.tensor.random.Philox(3, 0);
    int hits = 0;
    for (int i = 0; i < 20_000; i++) {
      double x = SEEN.x() + SEEN.width() * random.nextDouble();
      double y = SEEN.y() + SEEN.height() * random.nextDouble();
      hits += boxes.get(0).contains(x, y) || boxes.get(1).contains(x, y) ? 1 : 0;
    }
    assertThat(game.outcome().perQuestion().random()).isCloseTo(hits / 20_000.0, within(0.02));
  }
}
