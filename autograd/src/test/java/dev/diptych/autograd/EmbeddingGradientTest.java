package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingGradientTest {
  private static final IntTensor IDS = new IntTensor(Shape.of(2, 3), new int[] {0, 3, 0, 3, 1, 0});

  @Test
  void gradientsAreCentralDifferences() {
    Var table = Vars.normal(1, Shape.of(4, 5));
    Var positions = Vars.normal(2, Shape.of(3, 5));
    GradientCheck.check(
        List.of(table, positions),
        t -> Vars.weightedSum(t, Functions.embedding(t, IDS, table, positions)));
  }

  /** Two texts of three tokens use the first three of five positions. */
  @Test
  void positionsMayBeMoreThanTokens() {
    Var table = Vars.normal(1, Shape.of(4, 5));
    Var positions = Vars.normal(2, Shape.of(5, 5));
    GradientCheck.check(
        List.of(table, positions),
        t -> Vars.weightedSum(t, Functions.embedding(t, IDS, table, positions)));
  }

  @Test
  void gatheredRowsToo() {
    Var x = Vars.normal(1, Shape.of(2, 4, 3));
    GradientCheck.check(
        List.of(x), t -> Vars.weightedSum(t, Functions.gatherRows(t, x, index(3, 1))));
  }

  @Test
  void misfitsAreNamed() {
    Var table = Vars.normal(1, Shape.of(3, 5));
    Var positions = Vars.normal(2, Shape.of(3, 5));
    Var shortPositions = Vars.normal(2, Shape.of(2, 5));
    Var x = Vars.normal(1, Shape.of(2, 4, 3));
    assertMessage(
        t -> Functions.embedding(t, IDS, table, positions),
        "embedding: ids must lie in 0..2, element 1 of (2, 3) is 3");
    assertMessage(
        t -> Functions.embedding(t, IDS, table, shortPositions),
        "embedding: positions must be (T, C)=(3, 5) to match ids (2, 3) and table (3, 5), got (2,"
            + " 5)");
    assertMessage(
        t -> Functions.gatherRows(t, x, index(3)),
        "gather_rows: index must be (B)=(2) to match x (2, 4, 3), got (1)");
    assertMessage(
        t -> Functions.gatherRows(t, x, index(0, 4)),
        "gather_rows: index must lie in 0..3, element 1 of (2) is 4");
  }

  private static IntTensor index(int... rows) {
    return new IntTensor(Shape.of(rows.length), rows);
  }

  private static void assertMessage(GradientCheck.Scalar function, String message) {
    assertThatThrownBy(() -> GradientCheck.check(List.of(), function))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }
}
