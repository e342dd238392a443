package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.l2normalize.L2NormalizeCuda;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.matmul.CudaEpilogue;
import dev.diptych.kernels.matmul.MatmulCuda;
import dev.diptych.kernels.matmul.MatmulDims;
import org.jspecify.annotations.Nullable;

/**
 * The products u_i·v_j on a GPU, a chunk of images at a time, and the way of gradients from the
 * chunk's logits back to the embeddings.
 */
final class CudaSimilarities {
  private static final Kernel GRADIENT = kernel("contrastive_embedding_gradient_bf16");

  private final Gpu gpu;
  private final CudaChunks chunks;
  private final int n;
  private final int d;
  private final Precision precision;

  /** (N, D): images and texts, of length one if the loss normalises. */
  private final DeviceMemory u;

  private final DeviceMemory v;

  /** (N): 1/‖row‖ of the images and texts as they came; null if the loss does not normalise. */
  private final @Nullable DeviceMemory imageInverseNorm;

  private final @Nullable DeviceMemory textInverseNorm;

  /** (rows, N) in f32, rows {@code pitch} apart: the products of the last chunk multiplied. */
  final DeviceMemory products;

  /** Normalises the rows if need be, into memory of {@code scratch}. */
  CudaSimilarities(GpuScope scratch, CudaChunks chunks, DeviceMemory image, DeviceMemory text) {
    this.gpu = scratch.gpu();
    this.chunks = chunks;
    n = chunks.dims().n();
    d = chunks.dims().d();
    precision = chunks.precision();
    if (chunks.dims().normalize()) {
      u = scratch.allocate(image.bytes());
      v = scratch.allocate(text.bytes());
      imageInverseNorm = scratch.floats(n);
      textInverseNorm = scratch.floats(n);
      normalize(image, u, imageInverseNorm);
      normalize(text, v, textInverseNorm);
    } else {
      u = image;
      v = text;
      imageInverseNorm = null;
      textInverseNorm = null;
    }
    products = scratch.floats(chunks.logits());
  }

  private static Kernel kernel(String entry) {
    return Kernel.of(CudaSimilarities.class, "contrastive", entry);
  }

  private void normalize(DeviceMemory x, DeviceMemory y, DeviceMemory inverseNorm) {
    L2NormalizeCuda.forward(gpu, new L2NormalizeDims(n, d), precision, x, y, inverseNorm);
  }

  /** Leaves the products of a chunk in {@link #products}. */
  void multiply(int chunk) {
    MatmulDims sizes =
        MatmulDims.of(chunks.rows(chunk), n, d, false, true).withRowStrides(d, d, chunks.pitch());
    multiply(sizes, rows(u, precision, chunk), v, products, CudaEpilogue.NONE);
  }

  /**
   * The gradient of a chunk's images, g·v.
   *
   * @param g like {@link #products}, in the precision
   * @param du (rows, D), f32, written
   */
  void imageGradient(int chunk, DeviceMemory g, DeviceMemory du) {
    MatmulDims sizes =
        MatmulDims.of(chunks.rows(chunk), d, n, false, false).withRowStrides(chunks.pitch(), d, d);
    multiply(sizes, g, v, du, CudaEpilogue.NONE);
  }

  /**
   * What a chunk adds to the gradient of all texts, gᵀ·u.
   *
   * @param g like {@link #products}, in the precision
   * @param dv (N, D), f32, written by the first chunk and added to by the others
   */
  void addTextGradient(int chunk, DeviceMemory g, DeviceMemory dv) {
    MatmulDims sizes =
        MatmulDims.of(n, d, chunks.rows(chunk), true, false).withRowStrides(chunks.pitch(), d, d);
    CudaEpilogue epilogue = chunk == 0 ? CudaEpilogue.NONE : CudaEpilogue.ACCUMULATE;
    multiply(sizes, g, rows(u, precision, chunk), dv, epilogue);
  }

  private void multiply(
      MatmulDims sizes, DeviceMemory a, DeviceMemory b, DeviceMemory c, CudaEpilogue epilogue) {
    MatmulCuda.multiply(gpu, sizes, precision, a, b, c, Precision.F32, epilogue);
  }

  /** The rows of a chunk in a matrix (N, D). */
  DeviceMemory rows(DeviceMemory all, Precision as, int chunk) {
    long row = (long) as.bytes() * d;
    return all.slice(row * chunks.begin(chunk), row * chunks.rows(chunk));
  }

  /** Brings the gradient of a chunk's images through the normalisation and into the precision. */
  void finishImages(int chunk, DeviceMemory du, DeviceMemory dImage) {
    DeviceMemory norms =
        imageInverseNorm == null
            ? null
            : imageInverseNorm.floats(chunks.begin(chunk), chunks.rows(chunk));
    DeviceMemory of = rows(u, precision, chunk);
    finish(chunks.rows(chunk), of, norms, du, rows(dImage, precision, chunk));
  }

  /** Brings the gradient of all texts through the normalisation and into the precision. */
  void finishTexts(DeviceMemory dv, DeviceMemory dText) {
    finish(n, v, textInverseNorm, dv, dText);
  }

  /**
   * The gradient of what {@code y} was normalised from.
   *
   * @param inverseNorm null if there was no normalisation
   * @param dy f32; in f32 it is dx
   */
  private void finish(
      int rows,
      DeviceMemory y,
      @Nullable DeviceMemory inverseNorm,
      DeviceMemory dy,
      DeviceMemory dx) {
    switch (precision) {
      case F32 -> {
        if (inverseNorm != null) {
          L2NormalizeCuda.backward(
              gpu, new L2NormalizeDims(rows, d), precision, y, inverseNorm, dy, dx);
        }
      }
      case BF16 ->
          gpu.launch(
              GRADIENT,
              Grids.warpPerRow(rows),
              new Arguments()
                  .pointer(inverseNorm == null ? null : y)
                  .pointer(inverseNorm)
                  .pointer(dy)
                  .pointer(dx)
                  .int32(rows)
                  .int32(d));
    }
  }
}
