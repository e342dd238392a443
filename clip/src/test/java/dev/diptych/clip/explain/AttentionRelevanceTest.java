package dev.diptych.clip.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.AttentionFunction;
import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.VisionTransformer;
import dev.diptych.clip.VitConfig;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.random.Philox;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A and ∇A against attention written out in double, and the recursion over whole matrices. */
class AttentionRelevanceTest {
  private static final int LAYERS = 3;
  private static final int HEADS = 2;
  private static final int TOKENS = 10;
  private static final int WIDTH = 24;
  private static final int HEAD_WIDTH = WIDTH / HEADS;

  private final VisionTransformer tower;
  private final Tensor image;
  private final Tensor text;
  private final TensorScope scope = new TensorScope(Device.CPU);

  /** Of each layer and head A and ∇A, as the class under test finds them. */
  private final double[][][] probabilities = new double[LAYERS][HEADS][];

  private final double[][][] gradients = new double[LAYERS][HEADS][];

  AttentionRelevanceTest() {
    ClipConfig config =
        new ClipConfig(
            8,
            new VitConfig(12, 4, WIDTH, LAYERS, HEADS),
            new TextConfig(4, 10, 8, 1, 1, 9),
            Activation.QUICK_GELU);
    Clip clip = Clip.create(config, 11);
    Philox random = new Philox(5, 0);
    // Random weights hardly attend: three times larger, some tokens matter and some do not.
    float[] weights = clip.parameters().values().floats().array();
    for (int i = 0; i < clip.parameters().decayed(); i++) { // matrices, not the gains of norms
      weights[i] *= 3;
    }
    tower = (VisionTransformer) clip.vision();
    image = normal(random, Shape.of(1, 3, 12, 12));
    text = normal(random, Shape.of(8, 1));
  }

  private static Tensor normal(Philox random, Shape shape) {
    float[] values = new float[shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return Tensor.of(values, shape);
  }

  @AfterEach
  void close() {
    scope.close();
  }

  /** Watches as the class under test does, and keeps what it works with. */
  private AttentionFunction watch(int layer) {
    return (tape, qkv, heads, causal) -> {
      Var heard = Functions.attention(tape, qkv, heads, causal);
      return tape.record(
          heard.value(),
          new Var[] {heard},
          gradient -> {
            for (int h = 0; h < HEADS; h++) {
              probabilities[layer][h] =
                  doubles(AttentionRelevance.probabilities(tape.scope(), qkv.value(), heads, h));
              gradients[layer][h] =
                  doubles(
                      AttentionRelevance.gradients(tape.scope(), qkv.value(), heads, h, gradient));
            }
            heard.addGradient(gradient);
          });
    };
  }

  private static double[] doubles(Tensor tensor) {
    float[] values = tensor.toArray();
    double[] doubles = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      doubles[i] = values[i];
    }
    return doubles;
  }

  /** softmax(q·kᵀ/√d) in double, with {@code change} added to one entry, times v. */
  private static AttentionFunction written(int head, int entry, double change, double[][] kept) {
    return (tape, qkv, heads, causal) -> {
      double[] x = doubles(qkv.value());
      float[] y = new float[TOKENS * WIDTH];
      for (int h = 0; h < HEADS; h++) {
        double[] a = softmaxOfScores(x, h);
        kept[h] = a.clone();
        a[entry] += h == head ? change : 0;
        for (int i = 0; i < TOKENS; i++) {
          for (int c = 0; c < HEAD_WIDTH; c++) {
            double sum = 0;
            for (int j = 0; j < TOKENS; j++) {
              sum += a[i * TOKENS + j] * x[j * 3 * WIDTH + 2 * WIDTH + h * HEAD_WIDTH + c];
            }
            y[i * WIDTH + h * HEAD_WIDTH + c] = (float) sum;
          }
        }
      }
      return Var.constant(tape.scope().copy(Tensor.of(y, Shape.of(1, TOKENS, WIDTH))));
    };
  }

  private static double[] softmaxOfScores(double[] qkv, int head) {
    double[] a = new double[TOKENS * TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      double sum = 0;
      for (int j = 0; j < TOKENS; j++) {
        double score = 0;
        for (int c = 0; c < HEAD_WIDTH; c++) {
          int column = head * HEAD_WIDTH + c;
          score += qkv[i * 3 * WIDTH + column] * qkv[j * 3 * WIDTH + WIDTH + column];
        }
        a[i * TOKENS + j] = Math.exp(score / Math.sqrt(HEAD_WIDTH));
        sum += a[i * TOKENS + j];
      }
      for (int j = 0; j < TOKENS; j++) {
        a[i * TOKENS + j] /= sum;
      }
    }
    return a;
  }

  /** cos·‖text‖ of the class token with the text. */
  private Var similarity(Tape tape, Var tokens) {
    Var embedding =
        tower.project(
            tape, Functions.gatherRows(tape, tokens, new IntTensor(Shape.of(1), new int[1])));
    return Functions.matmul(tape, Functions.l2Normalize(tape, embedding), Var.constant(text));
  }

  private double perturbed(int layer, int head, int entry, double change) {
    Tape tape = Tape.inference(scope);
    double[][] kept = new double[HEADS][];
    AttentionFunction changed = written(head, entry, change, kept);
    AttentionFunction plain = written(head, entry, 0, kept);
    Var tokens = tower.tokens(tape, Var.constant(image), block -> block == layer ? changed : plain);
    return similarity(tape, tokens).value().item();
  }

  private void record() {
    Tape tape = Tape.recording(scope);
    tape.backward(similarity(tape, tower.tokens(tape, Var.variable(image), this::watch)));
  }

  @Test
  void probabilitiesAreThoseOfAttentionWrittenOut() {
    record();
    double[][][] expected = new double[LAYERS][HEADS][];
    Tape tape = Tape.inference(scope);
    tower.tokens(tape, Var.constant(image), block -> written(0, 0, 0, expected[block]));
    double most = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int h = 0; h < HEADS; h++) {
        assertThat(probabilities[layer][h]).containsExactly(expected[layer][h], within(2e-5));
        most = Math.max(most, java.util.Arrays.stream(expected[layer][h]).max().orElseThrow());
      }
    }
    assertThat(most).as("the largest probability: attention is not just even").isGreaterThan(0.3);
  }

  @Test
  void gradientsAreFiniteDifferences() {
    record();
    double step = 1e-3;
    double largest = 0;
    double worst = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int h = 0; h < HEADS; h++) {
        for (int entry = 0; entry < TOKENS * TOKENS; entry += 7) {
          double difference =
              (perturbed(layer, h, entry, step) - perturbed(layer, h, entry, -step)) / (2 * step);
          largest = Math.max(largest, Math.abs(difference));
          worst = Math.max(worst, Math.abs(difference - gradients[layer][h][entry]));
        }
      }
    }
    assertThat(largest).isGreaterThan(0.1);
    assertThat(worst)
        .as("worst error; the largest gradient is %s", largest)
        .isLessThan(1e-3 * largest);
  }

  /** The row that is carried from the last block to the first is the product's first row. */
  @Test
  void theRowIsThatOfTheProductOfWholeMatrices() {
    record();
    double[][] r = new double[TOKENS][TOKENS];
    for (int i = 0; i < TOKENS; i++) {
      r[i][i] = 1;
    }
    for (int layer = 0; layer < LAYERS; layer++) { // R ← R + Ā·R, from the first block on
      double[][] next = new double[TOKENS][];
      for (int i = 0; i < TOKENS; i++) {
        next[i] = r[i].clone();
        for (int j = 0; j < TOKENS; j++) {
          double mean = 0;
          for (int h = 0; h < HEADS; h++) {
            double product =
                probabilities[layer][h][i * TOKENS + j] * gradients[layer][h][i * TOKENS + j];
            mean += Math.max(0, product) / HEADS;
          }
          for (int k = 0; k < TOKENS; k++) {
            next[i][k] += mean * r[j][k];
          }
        }
      }
      r = next;
    }
    AttentionRelevance relevance = new AttentionRelevance(TOKENS);
    Tape tape = Tape.recording(scope);
    tape.backward(similarity(tape, tower.tokens(tape, Var.variable(image), block -> relevance)));
    float[] found = relevance.ofPatches();
    assertThat(found).hasSize(TOKENS - 1);
    double sum = 0;
    for (int i = 0; i < found.length; i++) {
      assertThat((double) found[i]).isCloseTo(r[0][1 + i], within(1e-6));
      sum += found[i];
    }
    assertThat(sum).isGreaterThan(0.01);
  }

  @Test
  void refusesWhatItIsNotFor() {
    Var qkv = Var.variable(scope.zeros(Shape.of(1, TOKENS, 3 * WIDTH)));
    assertThatThrownBy(() ->
            new AttentionRelevance(TOKENS + 1).attend(Tape.recording(scope), qkv, HEADS, false))
        .hasMessageContaining("one sequence of 11 tokens");
  }
}
