package dev.diptych.kernels.attention;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Kernel;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import java.util.Set;
import java.util.function.Supplier;

/** Attention in bf16 on the tensor cores; the kernels are in {@code attentiontensor.cu}. */
final class TensorAttention {
  private static final Set<Integer> HEAD_SIZES = Set.of(32, 64, 80, 96, 128);

  /** What copies of 16 bytes need of every address. */
  private static final int ALIGNMENT = 16;

  private static final int ELEMENTS_OF_COPY = 8;

  private static final int WARP = 32;

  /** Of a block. */
  private static final int MOST_WARPS = 8;

  /** Rows of a warp. */
  private static final int STEP = 16;

  /** In a block's shared memory where keys come tile after tile. */
  private static final int KEYS_OF_TILE = 128;

  private TensorAttention() {}

  /** Whether there is a kernel for these sizes, and the pointers are aligned as it needs them. */
  static boolean takes(AttentionDims d, Precision precision, Arguments pointers) {
    return precision == Precision.BF16
        && HEAD_SIZES.contains(d.d())
        && d.queryStride() % ELEMENTS_OF_COPY == 0
        && d.keyStride() % ELEMENTS_OF_COPY == 0
        && pointers.pointersAreMultiplesOf(ALIGNMENT);
  }

  private static Kernel kernel(String entry, AttentionDims d) {
    return Kernel.of(TensorAttention.class, "attentiontensor", entry + "_" + d.d());
  }

  /** Bytes from one row in shared memory to the next: {@code lineOf} of {@code rows.cuh}. */
  private static int lineBytes(AttentionDims d) {
    return Short.BYTES * (d.d() % 64 == 0 ? d.d() : d.d() + 8);
  }

  private static int roundUp(int rows) {
    return Math.ceilDiv(rows, STEP) * STEP;
  }

  /** As many warps as take {@code rows} in the fewest rounds. */
  private static int warps(int rows) {
    int steps = Math.max(1, Math.ceilDiv(rows, STEP));
    return Math.ceilDiv(steps, Math.ceilDiv(steps, MOST_WARPS));
  }

  /** Arguments: q, k, v, keyLengths, y, lse. */
  static void forward(Gpu gpu, AttentionDims d, Arguments arguments) {
    int warps = warps(d.tq());
    int bytesOfQueries = warps * STEP * lineBytes(d);
    int keys = Math.max(STEP, roundUp(d.tk()));
    int parts = d.tq() == 0 ? 0 : 1;
    if (2 * keys * lineBytes(d) + bytesOfQueries > gpu.properties().sharedBytesPerBlock()) {
      keys = KEYS_OF_TILE;
      parts = Math.ceilDiv(d.tq(), warps * STEP);
    }
    gpu.launch(
        kernel("attention_forward", d),
        Launch.of(d.b() * d.h(), WARP * warps)
            .withGrid(d.b() * d.h(), parts, 1)
            .withShared(2 * keys * lineBytes(d) + bytesOfQueries),
        AttentionCuda.sizes(arguments.int32(keys), d));
  }

  /** Inputs, anew for each launch: q, k, v, keyLengths, y, lse, dy. */
  static void backward(
      Gpu gpu,
      AttentionDims d,
      Supplier<Arguments> inputs,
      DeviceMemory dq,
      DeviceMemory dk,
      DeviceMemory dv) {
    int heads = d.b() * d.h();
    long queries = roundUp(d.tq());
    long bytes = 2 * (queries + roundUp(d.tk())) * lineBytes(d) + 2 * queries * Float.BYTES;
    if (bytes <= gpu.properties().sharedBytesPerBlock()) {
      gpu.launch(
          kernel("attention_backward", d),
          Launch.of(heads, WARP * warps(Math.max(d.tq(), d.tk()))).withShared((int) bytes),
          AttentionCuda.sizes(inputs.get().pointer(dq).pointer(dk).pointer(dv), d));
      return;
    }
    int warps = MOST_WARPS;
    while (bytesOfTiles(warps, d) > gpu.properties().sharedBytesPerBlock()) {
      warps /= 2;
    }
    int rows = warps * STEP;
    Launch launch = Launch.of(heads, WARP * warps).withShared(bytesOfTiles(warps, d));
    gpu.launch(
        kernel("attention_backward_keys", d),
        launch.withGrid(heads, Math.ceilDiv(d.tk(), rows), 1),
        AttentionCuda.sizes(inputs.get().pointer(dk).pointer(dv), d));
    gpu.launch(
        kernel("attention_backward_queries", d),
        launch.withGrid(heads, Math.ceilDiv(d.tq(), rows), 1),
        AttentionCuda.sizes(inputs.get().pointer(dq), d));
  }

  /** Two tiles of a block's own rows, two of others; lse and delta. */
  private static int bytesOfTiles(int warps, AttentionDims d) {
    return warps * STEP * (4 * lineBytes(d) + 2 * Float.BYTES);
  }
}
