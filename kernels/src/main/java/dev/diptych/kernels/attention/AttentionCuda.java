package dev.diptych.kernels.attention;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Grids;
import dev.diptych.kernels.cuda.Launch;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.cuda.TypedKernel;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Attention on a GPU. The kernels for any sizes are in {@code attention.cu}; bf16 of the usual head
 * sizes goes to the tensor cores, {@code TensorAttention}.
 *
 * <p>What a query may not see has weight 0 in a product, so NaN or infinity in a later token may
 * reach the queries up to a tile's height before it; beyond {@code keyLengths} nothing is read.
 */
public final class AttentionCuda {
  private static final TypedKernel FORWARD = kernel("attention_forward");
  private static final TypedKernel BACKWARD_QUERIES = kernel("attention_backward_queries");
  private static final TypedKernel BACKWARD_KEYS = kernel("attention_backward_keys");
  private static final TypedKernel DELTA = kernel("attention_delta");

  /** Queries or keys of a block, and columns. */
  private static final int TILE = 64;

  private static final int THREADS = 256;

  private AttentionCuda() {}

  private static TypedKernel kernel(String entry) {
    return TypedKernel.of(AttentionCuda.class, "attention", entry);
  }

  /**
   * y_i = Σ_j p_ij·v_j with p_ij = exp(q_i·k_j/√D − lse_i).
   *
   * @param q (B, Tq, H·D), rows {@code queryStride} apart
   * @param k (B, Tk, H·D), rows {@code keyStride} apart
   * @param v (B, Tk, H·D), rows {@code keyStride} apart
   * @param keyLengths (B) 32-bit integers: how many keys of each sequence count, or null for all;
   *     what lies beyond is not read. A query that sees no key has y = 0 and lse = −∞
   * @param y (B, Tq, H·D) without gaps, written
   * @param lse (B, H, Tq), f32, written: log Σ_j exp(q_i·k_j/√D)
   */
  public static void forward(
      Gpu gpu,
      AttentionDims d,
      Precision precision,
      DeviceMemory q,
      DeviceMemory k,
      DeviceMemory v,
      @Nullable DeviceMemory keyLengths,
      DeviceMemory y,
      DeviceMemory lse) {
    assert precision.fits(q, d.queryLength());
    assert precision.fits(k, d.keyLength()) && v.bytes() == k.bytes();
    assert precision.fits(y, (long) d.b() * d.tq() * d.c());
    assert lse.floatCount() == (long) d.b() * d.h() * d.tq();
    assert keyLengths == null || keyLengths.bytes() == (long) Integer.BYTES * d.b();
    Arguments arguments =
        new Arguments()
            .pointer(q)
            .pointer(k)
            .pointer(v)
            .pointer(keyLengths)
            .pointer(y)
            .pointer(lse);
    if (TensorAttention.takes(d, precision, arguments)) {
      TensorAttention.forward(gpu, d, arguments);
      return;
    }
    gpu.launch(FORWARD.in(precision), tiles(d, d.tq()), sizes(arguments, d));
  }

  /**
   * The gradients of {@link #forward}; dq, dk and dv are overwritten, the gaps between their rows
   * left alone, so that they may be the parts of one packed gradient. Each is summed in an order
   * that depends on the sizes alone.
   *
   * @param y (B, Tq, H·D) and {@code lse} (B, H, Tq), as {@link #forward} wrote them
   * @param dy (B, Tq, H·D) without gaps
   * @param dq like q, written
   * @param dk like k, written; 0 beyond {@code keyLengths}
   * @param dv like v, written; 0 beyond {@code keyLengths}
   */
  public static void backward(
      Gpu gpu,
      AttentionDims d,
      Precision precision,
      DeviceMemory q,
      DeviceMemory k,
      DeviceMemory v,
      @Nullable DeviceMemory keyLengths,
      DeviceMemory y,
      DeviceMemory lse,
      DeviceMemory dy,
      DeviceMemory dq,
      DeviceMemory dk,
      DeviceMemory dv) {
    assert precision.fits(q, d.queryLength()) && dq.bytes() == q.bytes();
    assert precision.fits(k, d.keyLength()) && v.bytes() == k.bytes();
    assert dk.bytes() == k.bytes() && dv.bytes() == k.bytes();
    assert precision.fits(y, (long) d.b() * d.tq() * d.c()) && dy.bytes() == y.bytes();
    assert lse.floatCount() == (long) d.b() * d.h() * d.tq();
    assert keyLengths == null || keyLengths.bytes() == (long) Integer.BYTES * d.b();
    Supplier<Arguments> inputs =
        () ->
            new Arguments()
                .pointer(q)
                .pointer(k)
                .pointer(v)
                .pointer(keyLengths)
                .pointer(y)
                .pointer(lse)
                .pointer(dy);
    Arguments outputs = new Arguments().pointer(dq).pointer(dk).pointer(dv);
    if (TensorAttention.takes(d, precision, inputs.get())
        && TensorAttention.takes(d, precision, outputs)) {
      TensorAttention.backward(gpu, d, inputs, dq, dk, dv);
      return;
    }
    try (GpuScope scratch = gpu.scope()) {
      DeviceMemory delta = scratch.floats(lse.floatCount()); // (B, H, Tq)
      gpu.launch(
          DELTA.in(precision),
          Grids.warpPerRow(d.b() * d.tq() * d.h()),
          sizes(new Arguments().pointer(y).pointer(dy).pointer(delta), d));
      gpu.launch(
          BACKWARD_QUERIES.in(precision),
          tiles(d, d.tq()),
          sizes(operands(q, k, v, keyLengths, lse, dy, delta).pointer(dq), d));
      gpu.launch(
          BACKWARD_KEYS.in(precision),
          tiles(d, d.tk()),
          sizes(operands(q, k, v, keyLengths, lse, dy, delta).pointer(dk).pointer(dv), d));
    }
  }

  private static Arguments operands(
      DeviceMemory q,
      DeviceMemory k,
      DeviceMemory v,
      @Nullable DeviceMemory keyLengths,
      DeviceMemory lse,
      DeviceMemory dy,
      DeviceMemory delta) {
    return new Arguments()
        .pointer(q)
        .pointer(k)
        .pointer(v)
        .pointer(keyLengths)
        .pointer(lse)
        .pointer(dy)
        .pointer(delta);
  }

  /** Adds the sizes, as every kernel takes them last. */
  static Arguments sizes(Arguments arguments, AttentionDims d) {
    return arguments
        .int32(d.b())
        .int32(d.h())
        .int32(d.tq())
        .int32(d.tk())
        .int32(d.d())
        .int32(d.queryStride())
        .int32(d.keyStride())
        .int32(d.causal() ? 1 : 0)
        .float32((float) d.scale());
  }

  /** A block for each head, tile of rows and tile of columns. */
  private static Launch tiles(AttentionDims d, int rows) {
    return Launch.of(d.b() * d.h(), THREADS)
        .withGrid(d.b() * d.h(), Math.ceilDiv(rows, TILE), Math.ceilDiv(d.d(), TILE));
  }
}
