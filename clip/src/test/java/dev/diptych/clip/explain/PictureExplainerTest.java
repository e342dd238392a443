package dev.diptych.clip.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionTransformer;
import dev.diptych.clip.image.Picture;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PictureExplainerTest {
  /** 16 × 16 pixels in four patches, of which the last is other than in {@link #plain}. */
  private static Picture changedInOneCorner() {
    byte[] rgb = plain().rgb().clone();
    for (int y = 8; y < 16; y++) {
      Arrays.fill(rgb, 3 * (16 * y + 8), 3 * 16 * (y + 1), (byte) 250);
    }
    return new Picture(16, 16, rgb);
  }

  private static Picture plain() {
    return Tiny.picture(16, 16, 4);
  }

  /** With one block, what a patch says through its value depends on that patch alone. */
  @Test
  void valuesStayInTheirPlaceAndSimilaritiesDoNot() {
    try (Diptych model = Tiny.model(8)) {
      PictureExplainer explainer = new PictureExplainer(model);
      for (Method method : new Method[] {Method.VALUES, Method.SIMILARITY}) {
        float[] before = explainer.explain(plain(), "a cat", method).values();
        float[] after = explainer.explain(changedInOneCorner(), "a cat", method).values();
        assertThat(after[3]).isNotEqualTo(before[3]);
        boolean others = Arrays.equals(before, 0, 3, after, 0, 3);
        assertThat(others)
            .as("%s: other patches are untouched", method)
            .isEqualTo(method == Method.VALUES);
      }
    }
  }

  /** A token goes into the shared space as the class token does. */
  @Test
  void projectingTheClassTokenGivesTheEmbedding() {
    try (Diptych model = Tiny.model(8);
        TensorScope scope = new TensorScope(Device.CPU)) {
      float[] pixels = new float[2 * 3 * 16 * 16];
      model.preprocess().normalise(plain(), pixels, 0);
      model.preprocess().normalise(changedInOneCorner(), pixels, pixels.length / 2);
      Tensor images = Tensor.of(pixels, Shape.of(2, 3, 16, 16));
      VisionTransformer tower = (VisionTransformer) model.clip().vision();
      Tape tape = Tape.inference(scope);
      Var tokens =
          tower.tokens(tape, Var.constant(images), b -> dev.diptych.autograd.Functions::attention);
      Tensor rows = scope.copy(tokens.value()).reshape(Shape.of(2 * 5, 24));
      float[] projected = tower.project(tape, Var.constant(rows)).value().toArray();
      float[] embedded = model.clip().encodeImage(tape, images).value().toArray();
      for (int i = 0; i < 12; i++) {
        assertThat(projected[i]).isCloseTo(embedded[i], within(1e-6f));
        assertThat(projected[5 * 12 + i]).isCloseTo(embedded[12 + i], within(1e-6f));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void severalTextsAreExplainedAsEachAlone(Method method) {
    try (Diptych model = method == Method.GRAD_CAM ? Tiny.resNet(9) : Tiny.model(9)) {
      PictureExplainer explainer = new PictureExplainer(model);
      float[][] texts = model.embedTexts(List.of("a cat", "two red dogs"));
      List<HeatMap> maps = explainer.explain(plain(), texts, method);
      assertThat(maps).hasSize(2);
      assertThat(maps.get(0).values())
          .hasSize(4)
          .isNotEqualTo(maps.get(1).values())
          .isEqualTo(explainer.explain(plain(), "a cat", method).values());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aMethodForTheOtherTowerIsRefused(Method method) {
    try (Diptych transformer = Tiny.model(9);
        Diptych resNet = Tiny.resNet(9)) {
      boolean forResNets = method == Method.GRAD_CAM;
      PictureExplainer explainer = new PictureExplainer(forResNets ? transformer : resNet);
      assertThatThrownBy(() -> explainer.explain(plain(), "a cat", method))
          .isInstanceOf(UserException.class)
          .hasMessage(
              forResNets
                  ? "the method grad_cam cannot explain a vision Transformer: use relevance"
                  : "the method %s cannot explain a ResNet: use grad_cam"
                      .formatted(method.name().toLowerCase(Locale.ROOT)));
      assertThat(Method.usual(transformer.clip().vision())).isEqualTo(Method.RELEVANCE);
      assertThat(Method.usual(resNet.clip().vision())).isEqualTo(Method.GRAD_CAM);
    }
  }

  /**
   * On a model that has learned a world of coloured squares, relevance points at the square that is
   * named; centre and chance do not. The bounds leave a wide margin: it measured 0.70, 0.14, 0.09.
   */
  @Test
  void findsTheNamedSquareOfTwo() {
    try (Diptych model = ColouredSquares.train(200)) {
      PictureExplainer explainer = new PictureExplainer(model);
      PointingGame relevance = new PointingGame(0);
      PointingGame values = new PointingGame(0);
      for (int i = 1; i <= 60; i++) {
        ColouredSquares.Scene scene = ColouredSquares.scene(-i, 2);
        for (int k = 0; k < 2; k++) {
          String name = ColouredSquares.name(scene.colours()[k]);
          relevance.ask(
              name,
              explainer.explain(scene.picture(), name, Method.RELEVANCE),
              scene.boxes().subList(k, k + 1),
              true);
          values.ask(
              name,
              explainer.explain(scene.picture(), name, Method.VALUES),
              scene.boxes().subList(k, k + 1),
              true);
        }
      }
      PointingGame.Score score = relevance.outcome().perQuestion();
      assertThat(relevance.outcome().questions()).isEqualTo(120);
      assertThat(score.centre()).isLessThan(0.25);
      assertThat(score.random()).isBetween(0.05, 0.15);
      assertThat(score.found()).isGreaterThan(0.5);
      assertThat(values.outcome().perQuestion().found()).isGreaterThan(score.random());
    }
  }
}
