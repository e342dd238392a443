package dev.diptych.clip.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClassificationTest {
  /** Class 0 right in 2 of 3, class 2 in 0 of 1: 2/4 in all, (2/3 + 0)/2 by class. */
  @Test
  void countsByHand() {
    Classification found = new Classification(3);
    found.add(0, new float[] {9, 3, 2, 1}, 1);
    found.add(0, new float[] {3, 2, 1}, 0);
    found.add(0, new float[] {3, 4, 1}, 0);
    found.add(2, new float[] {3, 2, 1}, 0);
    assertThat(found.total()).isEqualTo(4);
    assertThat(found.classes()).isEqualTo(2);
    assertThat(found.metrics())
        .containsOnlyKeys("acc1", "mean_per_class_recall")
        .containsEntry("acc1", 0.5);
    assertThat(found.metrics().get("mean_per_class_recall")).isCloseTo(1 / 3.0, within(1e-12));
  }

  @Test
  void theFirstFiveOfSeven() {
    Classification found = new Classification(7);
    float[] falling = {7, 6, 5, 4, 3, 2, 1};
    for (int label = 0; label < 7; label++) {
      found.add(label, falling, 0);
    }
    assertThat(found.metrics().get("acc1")).isCloseTo(1 / 7.0, within(1e-12));
    assertThat(found.metrics().get("acc5")).isCloseTo(5 / 7.0, within(1e-12));
    assertThat(found.metrics().get("mean_per_class_recall")).isCloseTo(1 / 7.0, within(1e-12));
  }

  @Test
  void tiesAndWhatIsNoNumberCountAgainstTheModel() {
    Classification found = new Classification(5);
    found.add(3, new float[5], 0);
    float[] nothing = new float[5];
    Arrays.fill(nothing, Float.NaN);
    found.add(0, nothing, 0);
    assertThat(found.accuracy()).isZero();
    assertThat(found.metrics().get("acc5")).isEqualTo(0.5); // four others stand before the first
    assertThat(new Classification(5).metrics()).containsEntry("acc1", 0.0);
  }

  @Test
  void labelsAreNamesOrNumbersOrFolders() {
    ClassLabels classes = ClassLabels.of(List.of("tabby cat", "dog", "0"));
    assertThat(classes.indexOf(" tabby cat\n")).isZero();
    assertThat(classes.indexOf("tabby_cat")).isZero();
    assertThat(classes.indexOf("1")).isEqualTo(1);
    assertThat(classes.indexOf("0")).isEqualTo(2); // a name goes before a number
    assertThat(classes.indexOf("3")).isEqualTo(-1);
    assertThat(classes.fitTo(List.of("dog", "1"))).isSameAs(classes);
    ClassLabels synsets = classes.fitTo(List.of("n03", "n01", "n02"));
    assertThat(synsets.names()).isEqualTo(classes.names());
    assertThat(synsets.indexOf("n02")).isEqualTo(1);
    assertThat(classes.fitTo(List.of("n01", "n02")).indexOf("n01")).isEqualTo(-1);
    ClassLabels found = ClassLabels.found(List.of("red_fox", "cat", "red_fox"));
    assertThat(found.names()).containsExactly("cat", "red fox");
    assertThat(found.indexOf("red_fox")).isEqualTo(1);
    assertThat(ClassLabels.found(List.of("10", "2")).size()).isEqualTo(11);
  }
}
