package dev.diptych.clip.explain;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.AttentionFunction;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Matmul;
import dev.diptych.tensor.op.Softmax;

/**
 * Attention that, on the way back, finds out what the class token owes to every token (Chefer, Gur
 * and Wolf 2021, equations 5 and 6). With A the attention probabilities of a block, ∇A their
 * gradient, and the blocks from the first to the last,
 *
 * <pre>{@code
 * Ā = mean over heads of (∇A ⊙ A)⁺        R ← I        R ← R + Ā·R
 * }</pre>
 *
 * <p>Of R only the class token's row is wanted, and e₀ᵀ·(I + Ā_L)⋯(I + Ā_1) can be multiplied out
 * from the left: from the last block to the first, which is the order in which gradients arrive. So
 * each block needs its A while its gradient is there, and what is carried is one row, r ← r + r·Ā.
 *
 * <p>The attention op itself never stores A. Here it is computed again from the queries and keys, A
 * = softmax(q·kᵀ/√d), and because the op's output is o = A·v, ∇A = ∇o·vᵀ exactly.
 */
final class AttentionRelevance implements AttentionFunction {
  private double[] row; // (T)

  /** For one picture of {@code tokens} tokens, the class token first. */
  AttentionRelevance(int tokens) {
    row = new double[tokens];
    row[0] = 1;
  }

  @Override
  public Var attend(Tape tape, Var qkv, int heads, boolean causal) {
    Shape shape = qkv.value().shape();
    if (causal || shape.dim(0) != 1 || shape.dim(1) != row.length) {
      throw new IllegalArgumentException(
          "relevance is for one sequence of %d tokens that all hear each other, got qkv %s"
              .formatted(row.length, shape));
    }
    Var heard = Functions.attention(tape, qkv, heads, false); // (1, T, C)
    return tape.record(
        heard.value(),
        new Var[] {heard},
        gradient -> {
          passBlock(tape.scope(), qkv.value(), heads, gradient);
          heard.addGradient(gradient);
        });
  }

  /** What the class token owes to each of the other tokens, (T − 1). */
  float[] ofPatches() {
    float[] patches = new float[row.length - 1];
    for (int i = 0; i < patches.length; i++) {
      patches[i] = (float) row[1 + i];
    }
    return patches;
  }

  /** r ← r + r·Ā; qkv (1, T, 3C), gradient of what is heard (1, T, C). */
  private void passBlock(TensorScope scope, Tensor qkv, int heads, Tensor gradient) {
    int tokens = row.length;
    double[] next = row.clone();
    for (int head = 0; head < heads; head++) {
      Tensor a = probabilities(scope, qkv, heads, head); // (T, T)
      Tensor da = gradients(scope, qkv, heads, head, gradient); // (T, T)
      Floats weight = a.floats();
      Floats slope = da.floats();
      for (int from = 0; from < tokens; from++) {
        double share = row[from] / heads;
        int w = weight.offset() + from * tokens;
        int s = slope.offset() + from * tokens;
        for (int to = 0; to < tokens; to++) {
          next[to] += share * Math.max(0, weight.array()[w + to] * slope.array()[s + to]);
        }
      }
      scope.release(a);
      scope.release(da);
    }
    row = next;
  }

  /** A = softmax(q·kᵀ/√d) of one head, (T, T); qkv (1, T, 3C). */
  static Tensor probabilities(TensorScope scope, Tensor qkv, int heads, int head) {
    int width = qkv.dim(2) / (3 * heads);
    Tensor q = part(scope, qkv, head * width, width); // (T, d)
    Tensor k = part(scope, qkv, (heads + head) * width, width); // (T, d)
    Tensor scores = Matmul.forward(scope, q, false, k, true); // (T, T)
    Floats s = scores.floats();
    float scale = (float) (1 / Math.sqrt(width));
    for (int i = 0; i < s.length(); i++) {
      s.array()[s.offset() + i] *= scale;
    }
    Tensor probabilities = Softmax.forward(scope, scores);
    scope.release(q);
    scope.release(k);
    scope.release(scores);
    return probabilities;
  }

  /** ∇A = ∇o·vᵀ of one head, (T, T); qkv (1, T, 3C), dHeard (1, T, C). */
  static Tensor gradients(TensorScope scope, Tensor qkv, int heads, int head, Tensor dHeard) {
    int width = qkv.dim(2) / (3 * heads);
    Tensor v = part(scope, qkv, (2 * heads + head) * width, width); // (T, d)
    Tensor dOutput = part(scope, dHeard, head * width, width); // (T, d)
    Tensor gradients = Matmul.forward(scope, dOutput, false, v, true); // (T, T)
    scope.release(v);
    scope.release(dOutput);
    return gradients;
  }

  /** Columns of the only sequence of x (1, T, …), as (T, columns). */
  private static Tensor part(TensorScope scope, Tensor x, int from, int columns) {
    return scope.copy(x.narrow(2, from, columns)).reshape(Shape.of(x.dim(1), columns));
  }
}
