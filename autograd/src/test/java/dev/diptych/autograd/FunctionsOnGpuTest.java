package dev.diptych.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.BatchNorm;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every function on a GPU against the same on the CPU: its value, and the gradient of each input.
 * The kernels are held to their references elsewhere; here it shows whether an op hands them the
 * right memory, in the right precision and order.
 */
class FunctionsOnGpuTest {
  /** Largest error in f32, relative to the larger of 1 and the root mean square. */
  private static final double F32_TOLERANCE = 5e-6;

  /** In bf16 every operand and result is rounded by up to 1/256. */
  private static final double BF16_TOLERANCE = 0.04;

  /** What an input is: in bf16 weights are f32 with a copy, and statistics f32. */
  private enum Kind {
    ACTIVATION,
    WEIGHT,
    F32
  }

  private record Input(Kind kind, Shape shape) {}

  @FunctionalInterface
  private interface Function {
    Var apply(Tape tape, List<Var> inputs);
  }

  private record Case(String name, boolean inBf16, Function function, List<Input> inputs) {
    @Override
    public String toString() {
      return name;
    }
  }

  private static Input activation(int... dims) {
    return new Input(Kind.ACTIVATION, Shape.ofDims(dims));
  }

  private static Input weight(int... dims) {
    return new Input(Kind.WEIGHT, Shape.ofDims(dims));
  }

  private static Input f32(int... dims) {
    return new Input(Kind.F32, Shape.ofDims(dims));
  }

  private static Case both(String name, Function function, Input... inputs) {
    return new Case(name, true, function, List.of(inputs));
  }

  private static Case onlyF32(String name, Function function, Input... inputs) {
    return new Case(name, false, function, List.of(inputs));
  }

  private static final IntTensor IDS = new IntTensor(Shape.of(2, 3), new int[] {4, 0, 4, 1, 4, 2});
  private static final IntTensor ROWS = new IntTensor(Shape.of(2), new int[] {3, 1});
  private static final IntTensor PAIRS = new IntTensor(Shape.of(4), new int[] {3, 1, 3, 2});

  private static List<Case> cases() {
    return List.of(
        both(
            "linear",
            (t, in) -> Functions.linear(t, in.get(0), in.get(1), in.get(2)),
            activation(2, 3, 5),
            weight(7, 5),
            weight(7)),
        both(
            "linear with residual",
            (t, in) -> Functions.linear(t, in.get(0), in.get(1), in.get(2), in.get(3)),
            activation(3, 5),
            weight(7, 5),
            weight(7),
            activation(3, 7)),
        mlp("MLP with QuickGELU", Activation.QUICK_GELU, 3, 5, 7),
        mlp("MLP with GELU", Activation.GELU, 9, 8, 32),
        both(
            "MLP with a frozen bias",
            (t, in) ->
                Functions.mlp(
                    t,
                    in.get(0),
                    in.get(1),
                    Var.constant(in.get(2).value()),
                    Activation.GELU,
                    in.get(3),
                    in.get(4),
                    in.get(0)),
            activation(3, 8),
            weight(16, 8),
            weight(16),
            weight(8, 16),
            weight(8)),
        both(
            "matmul",
            (t, in) -> Functions.matmul(t, in.get(0), in.get(1)),
            activation(3, 5),
            weight(5, 7)),
        both(
            "layer norm",
            (t, in) -> Functions.layerNorm(t, in.get(0), in.get(1), in.get(2), 1e-5f),
            activation(2, 3, 33),
            weight(33),
            weight(33)),
        both("GELU", (t, in) -> Functions.gelu(t, in.get(0), Activation.GELU), activation(5, 7)),
        both("ReLU", (t, in) -> Convolutions.relu(t, in.get(0)), activation(5, 7)),
        both("softmax", (t, in) -> Functions.softmax(t, in.get(0)), activation(3, 37)),
        both("log softmax", (t, in) -> Functions.logSoftmax(t, in.get(0)), activation(3, 37)),
        both("L2 normalisation", (t, in) -> Functions.l2Normalize(t, in.get(0)), activation(3, 9)),
        both(
            "embedding",
            (t, in) -> Functions.embedding(t, IDS, in.get(0), in.get(1)),
            weight(5, 6),
            weight(4, 6)),
        both(
            "gather rows",
            (t, in) -> Functions.gatherRows(t, in.get(0), ROWS),
            activation(2, 4, 3)),
        both(
            "patch embedding",
            (t, in) -> Functions.patchEmbedding(t, in.get(0), in.get(1), in.get(2), in.get(3)),
            f32(2, 3, 6, 6),
            weight(5, 3, 3, 3),
            weight(5),
            weight(5, 5)),
        both(
            "attention, causal",
            (t, in) -> Functions.attention(t, in.get(0), 2, true),
            activation(2, 5, 24)),
        both(
            "attention of some keys",
            (t, in) -> Functions.attention(t, in.get(0), 1, false, new int[] {5, 2}),
            activation(2, 5, 12)),
        both(
            "attention of queries to others",
            (t, in) -> Functions.attention(t, in.get(0), in.get(1), in.get(2), 2, null),
            activation(2, 1, 8),
            activation(2, 5, 8),
            activation(2, 5, 8)),
        both(
            "contrastive loss",
            (t, in) ->
                Functions.contrastiveLoss(t, in.get(0), in.get(1), in.get(2), null, true).loss(),
            activation(4, 6),
            activation(4, 6),
            weight()),
        both(
            "contrastive loss with groups",
            (t, in) ->
                Functions.contrastiveLoss(t, in.get(0), in.get(1), in.get(2), PAIRS, true).loss(),
            activation(4, 6),
            activation(4, 6),
            weight()),
        both(
            "reshape",
            (t, in) -> Functions.reshape(t, in.get(0), Shape.of(6, 2)),
            activation(3, 4)),
        both("channels last", (t, in) -> Convolutions.channelsLast(t, in.get(0)), f32(2, 3, 4, 5)),
        both(
            "convolution",
            (t, in) -> Convolutions.conv2d(t, in.get(0), in.get(1), 2, 1),
            activation(2, 5, 4, 3),
            weight(6, 3, 3, 3)),
        both(
            "convolution 1×1",
            (t, in) -> Convolutions.conv2d(t, in.get(0), in.get(1), 1, 0),
            activation(2, 3, 2, 5),
            weight(4, 5, 1, 1)),
        both(
            "batch normalisation",
            FunctionsOnGpuTest::batchNorm,
            activation(9, 5),
            weight(5),
            weight(5)),
        both(
            "average pool",
            (t, in) -> Convolutions.averagePool(t, in.get(0), 2),
            activation(2, 5, 4, 3)),
        both(
            "mean token",
            (t, in) -> Convolutions.meanToken(t, in.get(0), in.get(1)),
            activation(2, 4, 5),
            weight(5, 5)),
        both(
            "sum with broadcasting",
            (t, in) -> Arithmetic.add(t, in.get(0), in.get(1)),
            activation(2, 3, 4),
            activation(3, 1)),
        both(
            "difference with broadcasting",
            (t, in) -> Arithmetic.subtract(t, in.get(0), in.get(1)),
            activation(2, 3, 4),
            activation(4)),
        both(
            "product with broadcasting",
            (t, in) -> Arithmetic.multiply(t, in.get(0), in.get(1)),
            activation(3, 4),
            activation(2, 1, 4)),
        both(
            "product by a trailing part",
            (t, in) -> Arithmetic.multiply(t, in.get(0), in.get(1)),
            activation(2, 3, 4),
            activation(4)),
        both("scale", (t, in) -> Arithmetic.scale(t, in.get(0), -2.5f), activation(3, 4)),
        both(
            "a value used twice",
            (t, in) -> Arithmetic.add(t, Arithmetic.scale(t, in.get(0), 3), in.get(0)),
            activation(3, 4)),
        onlyF32("sum", (t, in) -> Arithmetic.sum(t, in.get(0)), activation(3, 4)),
        onlyF32("mean", (t, in) -> Arithmetic.mean(t, in.get(0)), activation(3, 4)),
        onlyF32("sum of rows", (t, in) -> Arithmetic.sumRows(t, in.get(0)), activation(2, 3, 4)),
        onlyF32(
            "sum of columns", (t, in) -> Arithmetic.sumColumns(t, in.get(0)), activation(2, 3, 4)),
        onlyF32("maximum", (t, in) -> Arithmetic.max(t, in.get(0)), activation(2, 3, 4)));
  }

  private static Case mlp(String name, Activation activation, int rows, int width, int hidden) {
    return both(
        name,
        (t, in) ->
            Functions.mlp(
                t, in.get(0), in.get(1), in.get(2), activation, in.get(3), in.get(4), in.get(5)),
        activation(rows, width),
        weight(hidden, width),
        weight(hidden),
        weight(width, hidden),
        weight(width),
        activation(rows, width));
  }

  private static Var batchNorm(Tape tape, List<Var> in) {
    TensorScope scope = tape.scope();
    BatchNorm.Statistics running =
        new BatchNorm.Statistics(scope.zerosF32(Shape.of(5)), scope.allocateF32(Shape.of(5)));
    running.variance().fill(1);
    Var y = Convolutions.batchNorm(tape, in.get(0), in.get(1), in.get(2), running, 0.1, 1e-5f);
    // What it did to the running statistics shows in the value.
    Var mean = Var.constant(like(scope, y.value(), running.mean()));
    Var variance = Var.constant(like(scope, y.value(), running.variance()));
    return Arithmetic.add(tape, y, Arithmetic.multiply(tape, mean, variance));
  }

  private static Tensor like(TensorScope scope, Tensor y, Tensor statistic) {
    Tensor copy = scope.allocateLike(y, statistic.shape());
    copy.copyFrom(statistic);
    return copy;
  }

  static Stream<Arguments> onGpu() {
    return cases().stream()
        .flatMap(one ->
            Stream.of(Precision.values())
                .filter(precision -> one.inBf16 || precision == Precision.F32)
                .map(precision -> Arguments.of(one, precision)));
  }

  @ParameterizedTest(name = "{0} in {1}")
  @MethodSource("onGpu")
  void valuesAndGradientsAreThoseOfTheCpu(Object given, Precision precision) {
    Case one = (Case) given;
    PtxGpu gpu = new PtxGpu();
    List<float[]> expected = run(Device.CPU, one);
    List<float[]> found = run(new Device.Cuda(gpu, precision), one);
    assertThat(found).hasSameSizeAs(expected);
    double tolerance =
        switch (precision) {
          case F32 -> F32_TOLERANCE;
          case BF16 -> BF16_TOLERANCE;
        };
    for (int i = 0; i < expected.size(); i++) {
      String what = i == 0 ? "value" : "gradient of input " + (i - 1);
      assertClose(what, expected.get(i), found.get(i), tolerance);
    }
    gpu.freeUnused();
    assertThat(gpu.living()).as("memory that was not given back").isEmpty();
  }

  private static void assertClose(String what, float[] expected, float[] found, double tolerance) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    double squares = 0;
    for (float value : expected) {
      squares += value * value;
    }
    double scale = Math.max(1, Math.sqrt(squares / expected.length));
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(found[i] - expected[i]) / scale)
          .as("%s, element %d: %s on the GPU, %s on the CPU", what, i, found[i], expected[i])
          .isLessThanOrEqualTo(tolerance);
    }
  }

  /** The value, then the gradient of each input. */
  private static List<float[]> run(Device device, Case one) {
    try (TensorScope scope = new TensorScope(device)) {
      List<Var> inputs = new ArrayList<>();
      for (Input input : one.inputs) {
        Tensor tensor =
            switch (input.kind) {
              case ACTIVATION -> scope.allocate(input.shape);
              case WEIGHT -> scope.allocateWeights(input.shape);
              case F32 -> scope.allocateF32(input.shape);
            };
        tensor.copyFrom(Vars.normal(inputs.size() + 1, input.shape).value());
        inputs.add(Var.variable(tensor));
      }
      Tape tape = Tape.training(scope);
      Var y = one.function.apply(tape, inputs);
      List<float[]> results = new ArrayList<>();
      results.add(y.value().toArray());
      Tensor dy = scope.allocateLike(y.value(), y.value().shape());
      dy.copyFrom(Vars.normal(99, y.value().shape()).value());
      tape.backward(y, dy);
      for (Var input : inputs) {
        Tensor gradient = input.gradient();
        results.add(gradient == null ? new float[0] : gradient.toArray());
      }
      return results;
    }
  }
}
