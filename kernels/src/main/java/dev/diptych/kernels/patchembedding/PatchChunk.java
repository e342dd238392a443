package dev.diptych.kernels.patchembedding;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import dev.diptych.kernels.matmul.MatmulDims;
import java.util.ArrayList;
import java.util.List;

/**
 * Pictures whose patches lie in a GPU's memory at once, as the rows of a matrix: a row of zeros for
 * the class token of each picture, then one for each of its patches.
 *
 * @param d sizes, of all pictures
 * @param first of these pictures
 * @param count of these pictures
 */
record PatchChunk(PatchEmbeddingDims d, int first, int count) {
  private static final TypedKernel GATHER =
      TypedKernel.of(PatchChunk.class, "patchembedding", "patches_gather");
  private static final Kernel SCATTER =
      Kernel.of(PatchChunk.class, "patchembedding", "patches_scatter");

  /** Packs of a patch of 16×16 pixels. */
  private static final int THREADS = 192;

  private static final int PACK = 4;
  private static final int PACK_BYTES = PACK * Float.BYTES;

  /** Rows begin at multiples of this, as the matrix products want them. */
  private static final int ROW_BYTES = 16;

  /** All pictures, in chunks whose rows fit into {@code mostBytes}, or of one picture each. */
  static List<PatchChunk> of(PatchEmbeddingDims d, Precision ofRows, long mostBytes) {
    long picture = (long) ofRows.bytes() * d.tokens() * stride(d, ofRows);
    int most = (int) Math.max(1, Math.min(d.b(), mostBytes / picture));
    List<PatchChunk> chunks = new ArrayList<>();
    for (int first = 0; first < d.b(); first += most) {
      chunks.add(new PatchChunk(d, first, Math.min(most, d.b() - first)));
    }
    return chunks;
  }

  /** Elements from one row of patches to the next: K, or a little more. */
  static int stride(PatchEmbeddingDims d, Precision ofRows) {
    int granule = ROW_BYTES / ofRows.bytes();
    return Math.ceilDiv(d.depth(), granule) * granule;
  }

  /** Rows of patches: one for each token. */
  int rows() {
    return count * d.tokens();
  }

  /** The part of y or dy, (B, 1+G², C), that belongs to these pictures. */
  DeviceMemory tokens(Precision precision, DeviceMemory y) {
    long picture = (long) precision.bytes() * d.tokens() * d.c();
    return y.slice(first * picture, count * picture);
  }

  private DeviceMemory pictures(DeviceMemory images) {
    long picture = (long) PatchEmbeddingDims.COLOURS * d.size() * d.size();
    return images.floats(first * picture, count * picture);
  }

  /** tokens = rows·Wᵀ. */
  MatmulDims product(int rowStride, int weightStride) {
    return MatmulDims.of(rows(), d.c(), d.depth(), false, true)
        .withRowStrides(rowStride, weightStride, d.c());
  }

  /** Memory for the rows. */
  DeviceMemory allocate(GpuScope scope, Precision precision) {
    return scope.allocate((long) precision.bytes() * rows() * stride(d, precision));
  }

  /**
   * The rows of the patches.
   *
   * @param images (B, 3, S, S), f32, all of them
   */
  DeviceMemory gather(GpuScope scope, Precision precision, DeviceMemory images) {
    DeviceMemory rows = allocate(scope, precision);
    move(scope.gpu(), GATHER.in(precision), pictures(images), rows, stride(d, precision));
    return rows;
  }

  /**
   * Puts rows in f32 back where their patches come from; those of class tokens have no place.
   *
   * @param images (B, 3, S, S), f32, all of them; these are written
   */
  void scatter(Gpu gpu, DeviceMemory rows, DeviceMemory images) {
    move(gpu, SCATTER, rows, pictures(images), stride(d, Precision.F32));
  }

  private void move(Gpu gpu, Kernel kernel, DeviceMemory from, DeviceMemory to, int stride) {
    Arguments arguments = new Arguments().pointer(from).pointer(to);
    boolean packed = d.patch() % PACK == 0 && arguments.pointersAreMultiplesOf(PACK_BYTES);
    gpu.launch(
        kernel,
        Launch.of(rows(), THREADS),
        arguments
            .int32(d.size())
            .int32(d.patch())
            .int32(d.tokens())
            .int32(d.depth())
            .int32(stride)
            .int32(packed ? 1 : 0));
  }
}
