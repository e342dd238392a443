package dev.diptych.tensor.op;

import dev.diptych.kernels.contrastive.ContrastiveCpu;
import dev.diptych.kernels.contrastive.ContrastiveCuda;
import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/** The symmetric contrastive loss of CLIP (paper §2.3), without the N × N matrix of logits. */
public final class ContrastiveLoss {
  private static final String OP = "contrastive_loss";

  private ContrastiveLoss() {}

  /**
   * What a forward pass makes.
   *
   * @param loss the mean over all images and texts, a scalar
   * @param accuracy the fraction of images and texts whose one largest logit is a match, a scalar
   * @param rowLse log Σ_j exp(s_ij) of each image, (N)
   * @param columnLse log Σ_i exp(s_ij) of each text, (N)
   */
  public record Result(Tensor loss, Tensor accuracy, Tensor rowLse, Tensor columnLse) {}

  /**
   * The gradients.
   *
   * @param image (N, D)
   * @param text (N, D)
   */
  public record Gradients(Tensor image, Tensor text) {}

  /**
   * L = 1/(2N) Σ_i (−log softmax_j(s_ij)_i − log softmax_j(s_ji)_i), s_ij = exp(logScale)·u_i·v_j.
   *
   * @param image (N, D), u; row i is the image of pair i
   * @param text (N, D), v
   * @param logScale a single number
   * @param ids (N): pairs of the same id match each other, as captions of one picture do; the
   *     target of a row is then uniform over its matches (Khosla et al. 2020, equation 2). Null: a
   *     pair matches itself alone
   * @param normalize whether rows are to be brought to length one first
   * @throws ShapeException if the shapes do not match or there is no pair
   */
  public static Result forward(
      TensorScope scope,
      Tensor image,
      Tensor text,
      Tensor logScale,
      @Nullable IntTensor ids,
      boolean normalize) {
    check(image, text, logScale, ids);
    ContrastiveDims d = dims(image, normalize);
    Shape rows = Shape.of(d.n());
    Result result =
        new Result(
            scope.allocateF32(Shape.scalar()),
            scope.allocateF32(Shape.scalar()),
            scope.allocateF32(rows),
            scope.allocateF32(rows));
    switch (image.storage()) {
      case HostStorage host -> {
        Tensor scratch = scratch(scope, d, d.forwardScratch());
        ContrastiveCpu.forward(
            d,
            image.floats(),
            text.floats(),
            logScale.floats(),
            ids == null ? null : ids.data(),
            result.loss.floats(),
            result.accuracy.floats(),
            result.rowLse.floats(),
            result.columnLse.floats(),
            scratch.floats());
        scope.release(scratch);
      }
      case CudaStorage cuda ->
          ContrastiveCuda.forward(
              cuda.gpu(),
              d,
              image.precision(),
              image.memory(),
              text.memory(image.precision()),
              logScale.memory(Precision.F32),
              onGpu(scope, ids),
              result.loss.memory(),
              result.accuracy.memory(),
              result.rowLse.memory(),
              result.columnLse.memory());
    }
    return result;
  }

  /**
   * The gradients of image and text; that of logScale is added to {@code dLogScale}.
   *
   * @param saved what {@link #forward} returned
   * @param dLoss a single number
   * @param dLogScale a single number, added to
   */
  public static Gradients backward(
      TensorScope scope,
      Tensor image,
      Tensor text,
      Tensor logScale,
      @Nullable IntTensor ids,
      boolean normalize,
      Result saved,
      Tensor dLoss,
      Tensor dLogScale) {
    check(image, text, logScale, ids);
    requireOne("dLoss", dLoss);
    requireOne("dLogScale", dLogScale);
    ContrastiveDims d = dims(image, normalize);
    Gradients gradients =
        new Gradients(
            scope.allocateLike(image, image.shape()), scope.allocateLike(text, text.shape()));
    switch (image.storage()) {
      case HostStorage host -> {
        Tensor scratch = scratch(scope, d, d.backwardScratch());
        ContrastiveCpu.backward(
            d,
            image.floats(),
            text.floats(),
            logScale.floats(),
            ids == null ? null : ids.data(),
            saved.loss.floats(),
            saved.rowLse.floats(),
            saved.columnLse.floats(),
            dLoss.floats(),
            gradients.image.floats(),
            gradients.text.floats(),
            dLogScale.floats(),
            scratch.floats());
        scope.release(scratch);
      }
      case CudaStorage cuda ->
          ContrastiveCuda.backward(
              cuda.gpu(),
              d,
              image.precision(),
              image.memory(),
              text.memory(image.precision()),
              logScale.memory(Precision.F32),
              onGpu(scope, ids),
              saved.loss.memory(),
              saved.rowLse.memory(),
              saved.columnLse.memory(),
              dLoss.memory(Precision.F32),
              gradients.image.memory(),
              gradients.text.memory(),
              dLogScale.memory(Precision.F32));
    }
    return gradients;
  }

  private static @Nullable DeviceMemory onGpu(TensorScope scope, @Nullable IntTensor ids) {
    return ids == null ? null : ids.on(scope);
  }

  private static void check(Tensor image, Tensor text, Tensor logScale, @Nullable IntTensor ids) {
    if (image.rank() != 2 || image.dim(0) < 1 || image.dim(1) < 1) {
      throw new ShapeException(
          "%s: image must be (N, D) with at least one pair, got %s".formatted(OP, image.shape()));
    }
    ShapeException.require(OP, "text", "(N, D)", image.shape(), "to match image", text);
    requireOne("logScale", logScale);
    if (ids != null && !ids.shape().equals(Shape.of(image.dim(0)))) {
      throw new ShapeException(
          "%s: ids must be (N)=(%d), one for each row of image %s, got %s"
              .formatted(OP, image.dim(0), image.shape(), ids.shape()));
    }
  }

  private static void requireOne(String operand, Tensor found) {
    if (found.size() != 1) {
      throw new ShapeException(
          "%s: %s must be a single number, got the shape %s".formatted(OP, operand, found.shape()));
    }
  }

  private static ContrastiveDims dims(Tensor image, boolean normalize) {
    return new ContrastiveDims(image.dim(0), image.dim(1), normalize);
  }

  private static Tensor scratch(TensorScope scope, ContrastiveDims d, long floats) {
    if (floats > Integer.MAX_VALUE - 16) {
      throw new ShapeException(
          "%s: %d pairs of %d elements need %d floats of memory at once, more than the 2147483631"
                  .formatted(OP, d.n(), d.d(), floats)
              + " that one tensor holds: use a smaller batch");
    }
    return scope.allocate(Shape.of((int) floats));
  }
}
