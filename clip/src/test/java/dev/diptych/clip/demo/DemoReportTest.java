package dev.diptych.clip.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.report.HtmlReport;
import dev.diptych.clip.report.Report;
import dev.diptych.clip.report.Section;
import dev.diptych.clip.report.TextReport;
import dev.diptych.tensor.random.Philox;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class DemoReportTest {
  private static final HeldOut HELD_OUT = HeldOut.choose(new Philox(7, 0));

  private static DemoResult result() {
    SceneGenerator generator = new SceneGenerator(1, HELD_OUT, SceneMix.standard());
    List<Section.Exhibit> exhibits = new ArrayList<>();
    for (Scene scene : generator.classification(HELD_OUT.things(), 1)) {
      float[] probabilities = new float[48];
      probabilities[scene.first().index()] = 0.7f;
      probabilities[3] += 0.3f;
      exhibits.add(DemoReport.exhibit(scene, 48, HELD_OUT, probabilities, 5));
    }
    Scene scene = generator.training(0);
    double[] steps = {1, 2, 3};
    return new DemoResult(
        HELD_OUT,
        new DemoResult.Training(422_177, 1_400, 128, 148.3, "2 threads", 0.912, 48),
        new DemoResult.ZeroShot(0.634, 0.97, 512, 0.91, 640, 0.99, 0.64),
        new DemoResult.Retrieval(
            256, new double[] {0.81, 0.97, 0.99}, new double[] {0.79, 0.96, 0.99}),
        new DemoResult.Curves(steps, new double[] {4, Double.NaN, 2}, steps, steps, steps, steps),
        DemoReport.samples(
            List.of(DemoResult.thumbnail(scene, 48)),
            List.of(SceneCaptions.full(scene)),
            new float[] {0.5f}),
        exhibits);
  }

  @Test
  void theReportSaysWhatWasHeldOutAndWhatGuessingGives() {
    Report report = DemoReport.of(result());
    String page = HtmlReport.page(report);
    String text = TextReport.text(report, false);
    for (String told : new String[] {"63.4 %", "guessing gives 2.1 %", "held out", "never seen"}) {
      assertThat(page).contains(told);
      assertThat(text).contains(told);
    }
    assertThat(text.split("held out", -1)).hasSizeGreaterThan(8);
  }

  @Test
  void anExhibitRanksTheNames() {
    Section.Exhibit exhibit = result().exhibits().getFirst();
    assertThat(exhibit.badge()).isEqualTo("never seen");
    assertThat(exhibit.answers()).hasSize(5);
    assertThat(exhibit.answers().getFirst().correct()).isTrue();
    assertThat(exhibit.answers().getFirst().caption())
        .isEqualTo(HELD_OUT.things().getFirst().words());
    assertThat(exhibit.answers().get(1).probability()).isCloseTo(0.3, Offset.offset(1e-6));
  }

  @Test
  void theMetricsHaveTheNamesThatOthersLookFor() {
    assertThat(result().metrics())
        .containsKeys(
            "zero_shot_unseen_acc1",
            "chance",
            "image_to_text_R@1",
            "text_to_image_R@1",
            "seconds",
            "pairs_per_second",
            "final_loss")
        .containsEntry("chance", 1.0 / 48);
    assertThat(result().training().pairsPerSecond())
        .isCloseTo(1400 * 128 / 148.3, Offset.offset(1e-9));
  }
}
