package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import java.util.List;
import org.junit.jupiter.api.Test;

class PatchEmbeddingGradientTest {
  private final Var images = Vars.normal(1, Shape.of(2, 3, 4, 4));
  private final Var weight = Vars.normal(2, Shape.of(5, 3, 2, 2));
  private final Var classToken = Vars.normal(3, Shape.of(5));
  private final Var positions = Vars.normal(4, Shape.of(5, 5));

  @Test
  void gradientsAreCentralDifferences() {
    GradientCheck.check(
        List.of(images, weight, classToken, positions),
        t ->
            Vars.weightedSum(
                t, Functions.patchEmbedding(t, images, weight, classToken, positions)));
  }

  @Test
  void imagesMayBeConstant() {
    Var constant = Var.constant(images.value());
    GradientCheck.check(
        List.of(weight, positions),
        t ->
            Vars.weightedSum(
                t, Functions.patchEmbedding(t, constant, weight, classToken, positions)));
  }

  @Test
  void misfitsAreNamed() {
    Var grey = Vars.normal(1, Shape.of(2, 1, 4, 4));
    Var odd = Vars.normal(1, Shape.of(2, 3, 5, 5));
    Var few = Vars.normal(1, Shape.of(4, 5));
    assertMessage(
        grey, positions, "patch_embedding: images must be (B, 3, S, S), got (2, 1, 4, 4)");
    assertMessage(
        odd,
        positions,
        "patch_embedding: pictures of 5 pixels do not divide into patches of 2 (images (2, 3, 5,"
            + " 5), weight (5, 3, 2, 2))");
    assertMessage(
        images,
        few,
        "patch_embedding: positions must be (1+G², C)=(5, 5) to match images (2, 3, 4, 4) and"
            + " weight (5, 3, 2, 2), got (4, 5)");
  }

  private void assertMessage(Var pictures, Var places, String message) {
    assertThatThrownBy(() ->
            GradientCheck.check(
                List.of(weight),
                t -> Functions.patchEmbedding(t, pictures, weight, classToken, places)))
        .isInstanceOf(ShapeException.class)
        .hasMessage(message);
  }
}
