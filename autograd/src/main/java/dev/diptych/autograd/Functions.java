package dev.diptych.autograd;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.op.Attention;
import dev.diptych.tensor.op.ContrastiveLoss;
import dev.diptych.tensor.op.Embedding;
import dev.diptych.tensor.op.GatherRows;
import dev.diptych.tensor.op.Gelu;
import dev.diptych.tensor.op.L2Normalize;
import dev.diptych.tensor.op.LayerNorm;
import dev.diptych.tensor.op.Linear;
import dev.diptych.tensor.op.Matmul;
import dev.diptych.tensor.op.Mlp;
import dev.diptych.tensor.op.PatchEmbedding;
import dev.diptych.tensor.op.Softmax;
import org.jspecify.annotations.Nullable;

/** The differentiable functions of layers: one short method per op of {@code tensor.op}. */
public final class Functions {
  private Functions() {}

  /**
   * y = x·Wᵀ + b.
   *
   * @param x (…, K)
   * @param w (N, K)
   * @param b (N)
   */
  public static Var linear(Tape tape, Var x, Var w, Var b) {
    Tensor y = Linear.forward(tape.scope(), x.value(), w.value(), b.value());
    return tape.record(y, new Var[] {x, w, b}, dy -> linearBackward(tape, x, w, b, dy));
  }

  /**
   * y = residual + x·Wᵀ + b, one pass over y.
   *
   * @param x (…, K)
   * @param w (N, K)
   * @param b (N)
   * @param residual (…, N)
   */
  public static Var linear(Tape tape, Var x, Var w, Var b, Var residual) {
    Tensor y =
        Linear.forwardResidual(tape.scope(), x.value(), w.value(), b.value(), residual.value());
    return tape.record(
        y,
        new Var[] {x, w, b, residual},
        dy -> {
          linearBackward(tape, x, w, b, dy);
          residual.addGradient(dy);
        });
  }

  private static void linearBackward(Tape tape, Var x, Var w, Var b, Tensor dy) {
    linearBackward(tape, x.value(), w, b, dy);
    if (x.needsGradient()) {
      x.addGradient(Linear.backwardInput(tape.scope(), x.value(), w.value(), dy));
    }
  }

  private static void linearBackward(Tape tape, Tensor x, Var w, Var b, Tensor dy) {
    if (w.needsGradient()) {
      Linear.backwardWeights(x, w.value(), dy, w.gradientToAddTo(tape.scope()));
    }
    if (b.needsGradient()) {
      Linear.backwardBias(dy, b.gradientToAddTo(tape.scope()));
    }
  }

  /**
   * y = residual + activation(x·W1ᵀ + b1)·W2ᵀ + b2: the network of a Transformer block.
   *
   * @param x (…, K)
   * @param w1 (H, K)
   * @param b1 (H)
   * @param w2 (N, H)
   * @param b2 (N)
   * @param residual (…, N)
   */
  public static Var mlp(
      Tape tape, Var x, Var w1, Var b1, Activation activation, Var w2, Var b2, Var residual) {
    Mlp.Result made =
        Mlp.forward(
            tape.scope(),
            x.value(),
            w1.value(),
            b1.value(),
            activation,
            w2.value(),
            b2.value(),
            residual.value(),
            tape.isRecording());
    Mlp.Saved saved = made.saved();
    if (saved == null) {
      return Var.constant(made.y());
    }
    return tape.record(
        made.y(),
        new Var[] {x, w1, b1, w2, b2, residual},
        dy -> {
          linearBackward(tape, saved.hidden(), w2, b2, dy);
          if (x.needsGradient() || w1.needsGradient() || b1.needsGradient()) {
            Tensor db1 = b1.needsGradient() ? b1.gradientToAddTo(tape.scope()) : null;
            Tensor dz = Mlp.backwardHidden(saved, w2.value(), activation, dy, db1); // (…, H)
            if (w1.needsGradient()) {
              Linear.backwardWeights(x.value(), w1.value(), dz, w1.gradientToAddTo(tape.scope()));
            }
            if (x.needsGradient()) {
              x.addGradient(Linear.backwardInput(tape.scope(), x.value(), w1.value(), dz));
            }
          }
          residual.addGradient(dy);
        },
        saved.preActivation(),
        saved.hidden());
  }

  /**
   * y = a·b.
   *
   * @param a (M, K)
   * @param b (K, N)
   */
  public static Var matmul(Tape tape, Var a, Var b) {
    Tensor y = Matmul.forward(tape.scope(), a.value(), false, b.value(), false);
    return tape.record(
        y,
        new Var[] {a, b},
        dy -> {
          if (b.needsGradient()) {
            Matmul.backwardB(
                a.value(), false, b.value(), false, dy, b.gradientToAddTo(tape.scope()));
          }
          if (a.needsGradient()) {
            a.addGradient(Matmul.backwardA(tape.scope(), a.value(), false, b.value(), false, dy));
          }
        });
  }

  /**
   * Layer normalisation over the innermost axis, y = (x − μ)·rstd·w + b.
   *
   * @param x (…, C)
   * @param w (C)
   * @param b (C)
   */
  public static Var layerNorm(Tape tape, Var x, Var w, Var b, float epsilon) {
    LayerNorm.Result saved =
        LayerNorm.forward(tape.scope(), x.value(), w.value(), b.value(), epsilon);
    return tape.record(
        saved.y(),
        new Var[] {x, w, b},
        dy ->
            x.addGradient(
                LayerNorm.backward(
                    tape.scope(),
                    x.value(),
                    w.value(),
                    epsilon,
                    saved,
                    dy,
                    w.gradientToAddTo(tape.scope()),
                    b.gradientToAddTo(tape.scope()))),
        saved.mean(),
        saved.rstd());
  }

  /**
   * QuickGELU or exact GELU.
   *
   * @param x of any shape
   */
  public static Var gelu(Tape tape, Var x, Activation activation) {
    return tape.record(
        Gelu.forward(tape.scope(), x.value(), activation),
        new Var[] {x},
        dy -> x.addGradient(Gelu.backward(tape.scope(), x.value(), activation, dy)));
  }

  /**
   * Rows of a table by token id, plus the positions of the tokens: (B, T, C).
   *
   * @param ids (B, T), each in [0, V)
   * @param table (V, C)
   * @param positions (N, C) with N ≥ T, of which the first T are used
   */
  public static Var embedding(Tape tape, IntTensor ids, Var table, Var positions) {
    return embedding(tape, ids, null, table, positions);
  }

  /**
   * The same with the places of the ids found beforehand.
   *
   * @param plan of {@link Embedding#plan}, or null: then it is made when it is needed
   */
  public static Var embedding(
      Tape tape, IntTensor ids, @Nullable IntTensor plan, Var table, Var positions) {
    int length = Math.min(ids.shape().dim(-1), positions.value().dim(0));
    Tensor used = positions.value().narrow(0, 0, length); // (T, C)
    return tape.record(
        Embedding.forward(tape.scope(), ids, table.value(), used),
        new Var[] {table, positions},
        dy ->
            Embedding.backward(
                tape.scope(),
                ids,
                plan,
                dy,
                table.gradientToAddTo(tape.scope()),
                positions.gradientToAddTo(tape.scope()).narrow(0, 0, length)));
  }

  /**
   * One row per batch item, y_b = x_b,index(b): (B, C).
   *
   * @param x (B, T, C)
   * @param index (B), each in [0, T)
   */
  public static Var gatherRows(Tape tape, Var x, IntTensor index) {
    return tape.record(
        GatherRows.forward(tape.scope(), x.value(), index),
        new Var[] {x},
        dy -> x.addGradient(GatherRows.backward(tape.scope(), x.value().shape(), index, dy)));
  }

  /**
   * The first layer of a vision transformer: (B, 1+G², C), G = S/P.
   *
   * @param images (B, 3, S, S)
   * @param weight (C, 3, P, P)
   * @param classToken (C)
   * @param positions (1+G², C)
   */
  public static Var patchEmbedding(
      Tape tape, Var images, Var weight, Var classToken, Var positions) {
    Tensor y =
        PatchEmbedding.forward(
            tape.scope(), images.value(), weight.value(), classToken.value(), positions.value());
    return tape.record(
        y,
        new Var[] {images, weight, classToken, positions},
        dy -> {
          Tensor dImages =
              PatchEmbedding.backward(
                  tape.scope(),
                  images.value(),
                  weight.value(),
                  dy,
                  images.needsGradient(),
                  weight.gradientToAddTo(tape.scope()),
                  classToken.gradientToAddTo(tape.scope()),
                  positions.gradientToAddTo(tape.scope()));
          if (dImages != null) {
            images.addGradient(dImages);
          }
        });
  }

  /**
   * Rows brought to length one, y = x/‖x‖; a row of zeros stays zero and gets no gradient.
   *
   * @param x (…, C)
   */
  public static Var l2Normalize(Tape tape, Var x) {
    L2Normalize.Result saved = L2Normalize.forward(tape.scope(), x.value());
    return tape.record(
        saved.y(),
        new Var[] {x},
        dy -> x.addGradient(L2Normalize.backward(tape.scope(), saved, dy)),
        saved.inverseNorm());
  }

  /**
   * What {@link #contrastiveLoss} gives.
   *
   * @param loss the loss, a scalar
   * @param accuracy the fraction of images and texts whose one largest logit is a match, a scalar
   *     of the tape's scope
   */
  public record Contrastive(Var loss, Tensor accuracy) {}

  /**
   * The symmetric contrastive loss of CLIP (paper §2.3) of N pairs.
   *
   * @param image (N, D), row i is the image of pair i
   * @param text (N, D)
   * @param logScale a single number: logits are exp(logScale)·u·v
   * @param ids (N): pairs of the same id match each other, as captions of one picture do; null: a
   *     pair matches itself alone
   * @param normalize whether rows are to be brought to length one first
   */
  public static Contrastive contrastiveLoss(
      Tape tape, Var image, Var text, Var logScale, @Nullable IntTensor ids, boolean normalize) {
    ContrastiveLoss.Result saved =
        ContrastiveLoss.forward(
            tape.scope(), image.value(), text.value(), logScale.value(), ids, normalize);
    Var loss =
        tape.record(
            saved.loss(),
            new Var[] {image, text, logScale},
            dLoss -> {
              ContrastiveLoss.Gradients gradients =
                  ContrastiveLoss.backward(
                      tape.scope(),
                      image.value(),
                      text.value(),
                      logScale.value(),
                      ids,
                      normalize,
                      saved,
                      dLoss,
                      logScale.gradientToAddTo(tape.scope()));
              image.addGradient(gradients.image());
              text.addGradient(gradients.text());
            },
            saved.rowLse(),
            saved.columnLse());
    return new Contrastive(loss, saved.accuracy());
  }

  /**
   * Multi-head self-attention on a packed projection, without the linear maps around it.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of H heads side by side
   * @param heads H, a divisor of C
   * @param causal whether token t sees the tokens 0 to t alone
   * @return (B, T, C)
   */
  public static Var attention(Tape tape, Var qkv, int heads, boolean causal) {
    return attention(tape, qkv, heads, causal, null);
  }

  /**
   * Multi-head self-attention on a packed projection, of sequences that differ in length.
   *
   * @param qkv (B, T, 3·C): of each row first q, then k, then v, each of H heads side by side
   * @param heads H, a divisor of C
   * @param causal whether token t sees the tokens 0 to t alone
   * @param keyLengths (B) how many tokens of each sequence may be seen, or null for all
   * @return (B, T, C)
   */
  public static Var attention(
      Tape tape, Var qkv, int heads, boolean causal, int @Nullable [] keyLengths) {
    Attention.Result saved =
        Attention.forward(tape.scope(), qkv.value(), heads, causal, keyLengths);
    return tape.record(
        saved.y(),
        new Var[] {qkv},
        dy ->
            qkv.addGradient(
                Attention.backward(
                    tape.scope(), qkv.value(), heads, causal, keyLengths, saved, dy)),
        saved.lse());
  }

  /**
   * Multi-head attention of queries to keys and values from elsewhere, without the linear maps
   * around it.
   *
   * @param q (B, Tq, C), of H heads side by side
   * @param k (B, Tk, C)
   * @param v (B, Tk, C)
   * @param heads H, a divisor of C
   * @param keyLengths (B) how many keys of each sequence count, or null for all
   * @return (B, Tq, C)
   */
  public static Var attention(
      Tape tape, Var q, Var k, Var v, int heads, int @Nullable [] keyLengths) {
    Attention.Result saved =
        Attention.forward(tape.scope(), q.value(), k.value(), v.value(), heads, keyLengths);
    return tape.record(
        saved.y(),
        new Var[] {q, k, v},
        dy -> {
          Attention.Gradients gradients =
              Attention.backward(
                  tape.scope(), q.value(), k.value(), v.value(), heads, keyLengths, saved, dy);
          q.addGradient(gradients.dq());
          k.addGradient(gradients.dk());
          v.addGradient(gradients.dv());
        },
        saved.lse());
  }

  /**
   * The same values in another shape.
   *
   * @param x of as many elements as {@code shape} has
   */
  public static Var reshape(Tape tape, Var x, Shape shape) {
    Tensor y = x.value().reshape(shape);
    return tape.record(y, new Var[] {x}, dy -> x.addGradient(dy.reshape(x.value().shape())));
  }

  /**
   * Softmax over the innermost axis, y = exp(x)/Σ exp(x).
   *
   * @param x (…, C)
   */
  public static Var softmax(Tape tape, Var x) {
    Tensor y = Softmax.forward(tape.scope(), x.value());
    return tape.record(
        y, new Var[] {x}, dy -> x.addGradient(Softmax.backward(tape.scope(), y, dy)));
  }

  /**
   * The logarithm of softmax over the innermost axis, y = x − log Σ exp(x).
   *
   * @param x (…, C)
   */
  public static Var logSoftmax(Tape tape, Var x) {
    Tensor y = Softmax.logForward(tape.scope(), x.value());
    return tape.record(
        y, new Var[] {x}, dy -> x.addGradient(Softmax.logBackward(tape.scope(), y, dy)));
  }
}
