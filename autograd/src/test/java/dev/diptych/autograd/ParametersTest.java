package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.Shape;
import org.junit.jupiter.api.Test;

class ParametersTest {
  @Test
  void whatDecaysComesFirstInOneFlatBlock() {
    Parameters.Builder builder = new Parameters.Builder();
    Parameter bias = builder.add("bias", Shape.of(3), Initialiser.constant(5));
    Parameter weight = builder.add("weight", Shape.of(3, 2), Initialiser.normal(1));
    Parameter scale = builder.add("scale", Shape.scalar(), Initialiser.constant(7));
    assertThatThrownBy(bias::value).hasMessageContaining("used before it was built");
    Parameters parameters = builder.build(11);
    assertThat(parameters.size()).isEqualTo(10);
    assertThat(parameters.decayed()).isEqualTo(6);
    assertThat(parameters.values().toArray()).startsWith(weight.value().toArray());
    assertThat(parameters.values().toArray()).endsWith(5, 5, 5, 7);
    assertThat(parameters.find("scale")).isSameAs(scale);
    assertThat(parameters.list()).containsExactly(bias, weight, scale);
    assertThat(weight.value().toArray()).doesNotHaveDuplicates();

    assertThatThrownBy(parameters::gradients).hasMessageContaining("requireGradients()");
    assertThat(bias.var().needsGradient()).isFalse();
    parameters.requireGradients();
    assertThat(bias.var().needsGradient()).isTrue();
    parameters.gradients().floats().array()[6] = 2;
    assertThat(bias.var().gradient()).isNotNull();
    assertThat(parameters.gradients().toArray()[6]).isEqualTo(2);
    parameters.zeroGradients();
    assertThat(parameters.gradients().toArray()).containsOnly(0);
  }

  @Test
  void aSeedGivesTheSameValuesAgain() {
    assertThat(values(3)).isEqualTo(values(3)).isNotEqualTo(values(4));
  }

  private static float[] values(long seed) {
    Parameters.Builder builder = new Parameters.Builder();
    builder.add("a", Shape.of(4, 4), Initialiser.normal(0.02));
    builder.add("b", Shape.of(4), Initialiser.uniform(0.5));
    return builder.build(seed).values().toArray();
  }

  @Test
  void namesAreUnique() {
    Parameters.Builder builder = new Parameters.Builder();
    builder.add("a", Shape.of(4), Initialiser.constant(0));
    builder.add("a", Shape.of(4), Initialiser.constant(0));
    assertThatThrownBy(() -> builder.build(0)).hasMessage("two parameters are named a");
    Parameters.Builder mixed = new Parameters.Builder();
    mixed.add("a", Shape.of(4), Initialiser.constant(0));
    mixed.addBuffer("a", Shape.of(4), 0);
    assertThatThrownBy(() -> mixed.build(0))
        .hasMessage("a parameter and a buffer are both named a");
    mixed.addBuffer("a", Shape.of(4), 0);
    assertThatThrownBy(() -> mixed.build(0)).hasMessage("two buffers are named a");
  }

  @Test
  void theStateIsParametersAndBuffers() {
    Parameters.Builder builder = new Parameters.Builder();
    Parameter weight = builder.add("weight", Shape.of(2), Initialiser.constant(5));
    Buffer mean = builder.addBuffer("mean", Shape.of(3), 7);
    builder.add("scale", Shape.scalar(), Initialiser.constant(0));
    Parameters parameters = builder.build(1);
    assertThat(parameters.state().keySet()).containsExactly("weight", "scale", "mean");
    assertThat(parameters.state()).containsEntry("weight", weight.value());
    assertThat(parameters.state()).containsEntry("mean", mean.value());
    assertThat(parameters.size()).as("buffers are no weights").isEqualTo(3);
  }
}
