package dev.diptych.clip.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.UserException;
import dev.diptych.tensor.random.Philox;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The quantile of split conformal prediction, and how far it can be off. */
class FalseAlarmsTest {
  private static double[] upTo(int count) {
    return IntStream.rangeClosed(1, count).mapToDouble(i -> i).toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "19, 0.05, 19", // ⌈20 · 0.95⌉
    "99, 0.05, 95",
    "100, 0.05, 96", // ⌈101 · 0.95⌉ = ⌈95.95⌉
    "9, 0.1, 9",
    "10, 0.1, 10",
    "3, 0.5, 2",
    "1999, 0.001, 1998"
  })
  void thresholdIsTheQuantileOfTheEquation(int count, double rate, double expected) {
    double[] scores = upTo(count);
    scores[0] = count; // in no order
    scores[count - 1] = 1;
    assertThat(FalseAlarms.threshold(scores, rate)).isEqualTo(expected);
  }

  @Test
  void tooFewPicturesAreRefusedWithTheirNumber() {
    assertThatThrownBy(() -> FalseAlarms.threshold(upTo(18), 0.05))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("18 pictures are too few")
        .hasMessageContaining("it takes 19");
    for (double rate : new double[] {0, 1, -0.1, Double.NaN}) {
      assertThatThrownBy(() -> FalseAlarms.threshold(upTo(18), rate))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("between 0 and 1");
    }
  }

  /** Averaged over draws the rate of a new score is m/(n+1), however the scores are distributed. */
  @ParameterizedTest
  @CsvSource({"19, 0.05, 0.05", "24, 0.1, 0.08", "50, 0.2, 0.19607843"})
  void newScoresPassAsOftenAsTheTheorySays(int count, double rate, double expected) {
    Philox random = new Philox(5, count);
    int draws = 40_000;
    int passed = 0;
    int above = 0;
    double upper = FalseAlarms.upperRate(count, rate);
    for (int draw = 0; draw < draws; draw++) {
      double[] scores = new double[count];
      for (int i = 0; i < count; i++) {
        scores[i] = random.nextDouble(); // so that 1 − threshold is the rate of this very draw
      }
      double threshold = FalseAlarms.threshold(scores, rate);
      passed += random.nextDouble() > threshold ? 1 : 0;
      above += 1 - threshold > upper ? 1 : 0;
    }
    double deviation = Math.sqrt(expected * (1 - expected) / draws);
    assertThat((double) passed / draws).isCloseTo(expected, within(4 * deviation));
    assertThat((double) above / draws).isCloseTo(0.05, within(0.005)); // 95 % confidence
  }

  @Test
  void equalScoresNeverRaiseTheRate() {
    double[] equal = new double[40];
    assertThat(0 > FalseAlarms.threshold(equal, 0.05)).isFalse();
  }

  /** Of Beta(1, n) the 0.95 quantile is 1 − 0.05^(1/n). */
  @Test
  void upperRateOfTheFewestPictures() {
    assertThat(FalseAlarms.upperRate(19, 0.05))
        .isCloseTo(1 - Math.pow(0.05, 1 / 19.0), within(1e-5));
    assertThat(FalseAlarms.upperRate(20_000, 0.05)).isCloseTo(0.0526, within(5e-4));
  }
}
