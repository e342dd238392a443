package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.patchembedding.PatchEmbeddingCpu;
import dev.diptych.kernels.patchembedding.PatchEmbeddingCuda;
import dev.diptych.kernels.patchembedding.PatchEmbeddingDims;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/** The first layer of a vision transformer: patches, class token and positions. */
public final class PatchEmbedding {
  private PatchEmbedding() {}

  /**
   * y_b,0 = class + pos_0; y_b,1+g = W·patch_g(image_b) + pos_1+g; G = S/P.
   *
   * @param images (B, 3, S, S), f32
   * @param weight (C, 3, P, P)
   * @param classToken (C)
   * @param positions (1+G², C)
   * @return (B, 1+G², C)
   * @throws ShapeException if the shapes do not fit or P does not divide S
   */
  public static Tensor forward(
      TensorScope scope, Tensor images, Tensor weight, Tensor classToken, Tensor positions) {
    PatchEmbeddingDims d = check(images, weight);
    ShapeException.require(
        "patch_embedding",
        "class",
        "(C)",
        Shape.of(d.c()),
        "to match weight " + weight.shape(),
        classToken);
    ShapeException.require(
        "patch_embedding",
        "positions",
        "(1+G², C)",
        Shape.of(d.tokens(), d.c()),
        "to match images " + images.shape() + " and weight " + weight.shape(),
        positions);
    Tensor y = scope.allocate(Shape.of(d.b(), d.tokens(), d.c()));
    switch (images.storage()) {
      case HostStorage host ->
          PatchEmbeddingCpu.forward(
              d,
              images.floats(),
              weight.floats(),
              classToken.floats(),
              positions.floats(),
              y.floats());
      case CudaStorage cuda ->
          PatchEmbeddingCuda.forward(
              cuda.gpu(),
              d,
              y.precision(),
              images.memory(Precision.F32),
              weight.memory(y.precision()),
              classToken.memory(Precision.F32),
              positions.memory(Precision.F32),
              y.memory());
    }
    return y;
  }

  /**
   * The gradients of {@link #forward}.
   *
   * @param dy (B, 1+G², C)
   * @param wantsImages whether the gradient of the images is computed
   * @param dWeight (C, 3, P, P), added to
   * @param dClassToken (C), added to
   * @param dPositions (1+G², C), added to
   * @return the gradient of the images, or null if it is not wanted
   */
  public static @Nullable Tensor backward(
      TensorScope scope,
      Tensor images,
      Tensor weight,
      Tensor dy,
      boolean wantsImages,
      Tensor dWeight,
      Tensor dClassToken,
      Tensor dPositions) {
    PatchEmbeddingDims d = check(images, weight);
    Tensor dImages = wantsImages ? scope.allocateF32(images.shape()) : null;
    switch (images.storage()) {
      case HostStorage host ->
          PatchEmbeddingCpu.backward(
              d,
              images.floats(),
              weight.floats(),
              dy.floats(),
              dImages == null ? null : dImages.floats(),
              dWeight.floats(),
              dClassToken.floats(),
              dPositions.floats());
      case CudaStorage cuda ->
          PatchEmbeddingCuda.backward(
              cuda.gpu(),
              d,
              dy.precision(),
              images.memory(Precision.F32),
              weight.memory(dy.precision()),
              dy.memory(),
              dImages == null ? null : dImages.memory(),
              dWeight.memory(Precision.F32),
              dClassToken.memory(Precision.F32),
              dPositions.memory(Precision.F32));
    }
    return dImages;
  }

  private static PatchEmbeddingDims check(Tensor images, Tensor weight) {
    if (images.rank() != 4
        || images.dim(1) != PatchEmbeddingDims.COLOURS
        || images.dim(2) != images.dim(3)) {
      throw new ShapeException(
          "patch_embedding: images must be (B, 3, S, S), got " + images.shape());
    }
    if (weight.rank() != 4
        || weight.dim(1) != PatchEmbeddingDims.COLOURS
        || weight.dim(2) != weight.dim(3)) {
      throw new ShapeException(
          "patch_embedding: weight must be (C, 3, P, P), got " + weight.shape());
    }
    int size = images.dim(2);
    int patch = weight.dim(2);
    if (patch == 0 || size % patch != 0) {
      throw new ShapeException(
          "patch_embedding: pictures of %d pixels do not divide into patches of %d (images %s,"
                  .formatted(size, patch, images.shape())
              + " weight "
              + weight.shape()
              + ")");
    }
    return new PatchEmbeddingDims(images.dim(0), size, patch, weight.dim(0));
  }
}
