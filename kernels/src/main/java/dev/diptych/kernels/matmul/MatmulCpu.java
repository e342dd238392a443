package dev.diptych.kernels.matmul;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import org.jspecify.annotations.Nullable;

/**
 * Matrix multiplication with the Vector API on all threads: the forms of the call, and how a batch
 * becomes single products. {@link MatmulBlocks} cuts up a single product.
 *
 * <p>Every element of C is summed over k in one order that depends on K alone, so its bits depend
 * neither on the threads, nor on M or N, nor on whether B was packed before. A steady caller
 * allocates nothing: packing goes to scratch memory that each thread keeps.
 */
public final class MatmulCpu {
  /** From this many flops on, the products of a batch each get all threads. */
  private static final long FLOPS_FOR_ALL_THREADS = 16_000_000;

  private MatmulCpu() {}

  /**
   * C = epilogue(op(A)·op(B)) for every item of the batch. A C that the items share (batch stride
   * 0) receives their sum; only {@link Epilogue.None} and {@link Epilogue.Accumulate} allow that.
   *
   * @param a as {@code d} describes it
   * @param b as {@code d} describes it
   * @param c written, or added to by {@link Epilogue.Accumulate}; neither a nor b
   */
  public static void multiply(MatmulDims d, Floats a, Floats b, Floats c, Epilogue epilogue) {
    assert b.length() >= d.bLength();
    multiply(d, a, b, null, c, epilogue);
  }

  /**
   * The same with B packed before; {@code d.transposeB()} and the strides of B have no meaning here
   * and all items share B.
   */
  public static void multiply(MatmulDims d, Floats a, PackedMatrix b, Floats c, Epilogue epilogue) {
    assert b.n() == d.n() && b.k() == d.k();
    MatmulDims shared = d.withBatch(d.batch(), d.aBatchStride(), 0, d.cBatchStride());
    multiply(shared, a, null, b, c, epilogue);
  }

  /** Packs the B that {@code d} describes (its first item). */
  public static PackedMatrix pack(MatmulDims d, Floats b) {
    float[] panels = new float[Panels.length(d.n(), d.k())];
    MatmulBlocks.packB(d, b.array(), b.offset(), 0, d.k(), 0, Panels.count(d.n()), panels);
    return new PackedMatrix(d.n(), d.k(), panels);
  }

  /**
   * The gradient of A: dA = dC·op(B)ᵀ, in the layout of A.
   *
   * @param d of the forward product
   * @param dc like C
   * @param da like A; summed over the batch where the items share A
   * @param epilogue {@link Epilogue#NONE} overwrites da, {@link Epilogue#ACCUMULATE} adds to it
   */
  public static void backwardA(MatmulDims d, Floats b, Floats dc, Floats da, Epilogue epilogue) {
    Floats first = d.transposeA() ? b : dc;
    Floats second = d.transposeA() ? dc : b;
    multiply(d.forGradientOfA(), first, second, da, epilogue);
  }

  /**
   * The gradient of B: dB = op(A)ᵀ·dC, in the layout of B.
   *
   * @param d of the forward product
   * @param dc like C
   * @param db like B; summed over the batch where the items share B
   * @param epilogue {@link Epilogue#NONE} overwrites db, {@link Epilogue#ACCUMULATE} adds to it
   */
  public static void backwardB(MatmulDims d, Floats a, Floats dc, Floats db, Epilogue epilogue) {
    Floats first = d.transposeB() ? dc : a;
    Floats second = d.transposeB() ? a : dc;
    multiply(d.forGradientOfB(), first, second, db, epilogue);
  }

  private static void multiply(
      MatmulDims given,
      Floats a,
      @Nullable Floats b,
      @Nullable PackedMatrix packed,
      Floats c,
      Epilogue epilogue) {
    assert a.length() >= given.aLength() && c.length() >= given.cLength();
    MatmulDims d = given.fold();
    int batch = d.batch();
    if (batch == 1) {
      MatmulBlocks.multiply(d, 0, a, b, packed, c, epilogue);
      return;
    }
    if (d.cBatchStride() == 0) {
      assert epilogue instanceof Epilogue.None || epilogue instanceof Epilogue.Accumulate;
      for (int item = 0; item < batch; item++) {
        Epilogue each = item == 0 ? epilogue : Epilogue.ACCUMULATE;
        MatmulBlocks.multiply(d, item, a, b, packed, c, each);
      }
      return;
    }
    long flops = 2L * d.m() * d.n() * d.k();
    if (flops >= FLOPS_FOR_ALL_THREADS) {
      for (int item = 0; item < batch; item++) {
        MatmulBlocks.multiply(d, item, a, b, packed, c, epilogue);
      }
      return;
    }
    Parallel.rows(
        batch,
        (int) Math.max(1, MatmulBlocks.FLOPS_PER_TASK / Math.max(1, flops)),
        (begin, end) -> {
          for (int item = begin; item < end; item++) {
            MatmulBlocks.multiply(d, item, a, b, packed, c, epilogue);
          }
        });
  }
}
