package dev.diptych.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TensorTest {
  private final Tensor x =
      Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, Shape.of(2, 3, 2));

  @Test
  void viewsShareStorage() {
    Tensor row = x.narrow(1, 1, 2); // (2, 2, 2)
    assertThat(row.isContiguous()).isFalse();
    assertThat(row.toArray()).containsExactly(2, 3, 4, 5, 8, 9, 10, 11);
    assertThat(row.storage()).isSameAs(x.storage());
    assertThat(x.narrow(0, 1, 1).isContiguous()).isTrue();
    assertThat(x.narrow(0, 1, 1).floats().offset()).isEqualTo(6);
    assertThat(x.transpose(1, 2).toArray()).containsExactly(0, 2, 4, 1, 3, 5, 6, 8, 10, 7, 9, 11);
    assertThat(x.transpose(-1, 0).shape()).isEqualTo(Shape.of(2, 3, 2));
    assertThat(x.reshape(Shape.of(12)).narrow(0, 3, 2).toArray()).containsExactly(3, 4);
  }

  @Test
  void expandFollowsNumPy() {
    Tensor column = Tensor.of(new float[] {1, 2}, Shape.of(2, 1));
    assertThat(column.expand(Shape.of(2, 2, 3)).toArray())
        .containsExactly(1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2);
    assertThatThrownBy(() -> column.expand(Shape.of(3, 3)))
        .hasMessage("expand: (2, 1) does not broadcast to (3, 3): each axis must be equal or 1");
    assertThatThrownBy(() -> column.expand(Shape.of(2))).isInstanceOf(ShapeException.class);
  }

  @Test
  void mistakesAreNamed() {
    assertThatThrownBy(() -> x.reshape(Shape.of(5)))
        .hasMessage("reshape: (2, 3, 2) has 12 elements, (5) has 5");
    assertThatThrownBy(() -> x.narrow(1, 2, 2)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(() -> x.transpose(0, 1).floats()).hasMessageContaining("TensorScope.copy");
    assertThatThrownBy(() -> Shape.of(65536, 65536)).hasMessageContaining("at most 2147483647");
    assertThatThrownBy(() -> Shape.of(-1)).isInstanceOf(ShapeException.class);
    assertThatThrownBy(x::item).hasMessageContaining("12 elements");
  }

  @Test
  void aScopeUsesReleasedMemoryAgain() {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tensor a = scope.zeros(Shape.of(100));
      scope.allocate(Shape.of(50));
      scope.release(a);
      Tensor b = scope.allocate(Shape.of(10, 10));
      assertThat(b.floats().array()).isSameAs(a.floats().array());
      assertThat(b.floats().offset()).isEqualTo(a.floats().offset());
      long peak = scope.peakBytes();
      for (int step = 0; step < 1000; step++) {
        scope.rewind();
        scope.allocate(Shape.of(1000));
        scope.allocate(Shape.of(5_000_000)); // larger than a slab
      }
      assertThat(scope.peakBytes()).isBetween(peak, 4L * 5_001_100);
    }
  }

  @Test
  void aClosedScopeRefuses() {
    TensorScope scope = new TensorScope(Device.CPU);
    scope.close();
    assertThatThrownBy(() -> scope.allocate(Shape.of(1)))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
  }

  @Test
  void bf16RoundsToEven() {
    assertThat(DType.fromBf16(DType.toBf16(1.00390625f))).isEqualTo(1f);
    assertThat(DType.fromBf16(DType.toBf16(1.01171875f))).isEqualTo(1.015625f);
    assertThat(DType.fromBf16(DType.toBf16(Float.NaN))).isNaN();
    assertThat(DType.fromBf16(DType.toBf16(Float.MAX_VALUE))).isEqualTo(Float.POSITIVE_INFINITY);
  }
}
