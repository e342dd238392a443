package dev.diptych.kernels.matmul;

import dev.diptych.kernels.memory.Cost;

/**
 * Sizes and layout of C = op(A)·op(B), for each item of a batch. Every matrix is row-major with its
 * rows {@code …RowStride} floats apart, and the items of a batch are {@code …BatchStride} floats
 * apart.
 *
 * @param m rows of op(A) and C
 * @param n columns of op(B) and C
 * @param k columns of op(A), rows of op(B)
 * @param transposeA whether A is stored as (K, M) and op(A) = Aᵀ; otherwise A is (M, K)
 * @param transposeB whether B is stored as (N, K) and op(B) = Bᵀ; otherwise B is (K, N)
 * @param aRowStride floats from one stored row of A to the next
 * @param bRowStride floats from one stored row of B to the next
 * @param cRowStride floats from one row of C to the next
 * @param batch number of products
 * @param aBatchStride floats from one item of A to the next; 0 for one A that all items share
 * @param bBatchStride the same for B
 * @param cBatchStride the same for C; 0 if the products of the batch are to be summed
 */
public record MatmulDims(
    int m,
    int n,
    int k,
    boolean transposeA,
    boolean transposeB,
    int aRowStride,
    int bRowStride,
    int cRowStride,
    int batch,
    int aBatchStride,
    int bBatchStride,
    int cBatchStride) {

  /** Checks that sizes are not negative and that rows do not overlap. */
  public MatmulDims {
    assert m >= 0 && n >= 0 && k >= 0 && batch >= 0;
    assert aRowStride >= (transposeA ? m : k);
    assert bRowStride >= (transposeB ? k : n);
    assert cRowStride >= n;
    assert aBatchStride >= 0 && bBatchStride >= 0 && cBatchStride >= 0;
  }

  /** One product of matrices without gaps. */
  public static MatmulDims of(int m, int n, int k, boolean transposeA, boolean transposeB) {
    return new MatmulDims(
        m, n, k, transposeA, transposeB, transposeA ? m : k, transposeB ? k : n, n, 1, 0, 0, 0);
  }

  /** The same product with other row strides. */
  public MatmulDims withRowStrides(int a, int b, int c) {
    return new MatmulDims(
        m, n, k, transposeA, transposeB, a, b, c, batch, aBatchStride, bBatchStride, cBatchStride);
  }

  /** The same product {@code items} times, with these batch strides. */
  public MatmulDims withBatch(int items, int aStride, int bStride, int cStride) {
    return new MatmulDims(
        m,
        n,
        k,
        transposeA,
        transposeB,
        aRowStride,
        bRowStride,
        cRowStride,
        items,
        aStride,
        bStride,
        cStride);
  }

  /** The floats that A must hold, from the first to the last element of the last item. */
  public int aLength() {
    return extent(transposeA ? k : m, transposeA ? m : k, aRowStride, aBatchStride);
  }

  /** The floats that B must hold. */
  public int bLength() {
    return extent(transposeB ? n : k, transposeB ? k : n, bRowStride, bBatchStride);
  }

  /** The floats that C must hold. */
  public int cLength() {
    return extent(m, n, cRowStride, cBatchStride);
  }

  private int extent(int rows, int columns, int rowStride, int batchStride) {
    if (rows == 0 || columns == 0 || batch == 0) {
      return 0;
    }
    return Math.toIntExact(
        (long) (batch - 1) * batchStride + (long) (rows - 1) * rowStride + columns);
  }

  /**
   * The product that gives dA from dC, see {@link MatmulCpu#backwardA}: dA = dC·op(B)ᵀ, or for a
   * transposed A its transpose op(B)·dCᵀ.
   */
  MatmulDims forGradientOfA() {
    return transposeA
        ? new MatmulDims(
            k,
            m,
            n,
            transposeB,
            true,
            bRowStride,
            cRowStride,
            aRowStride,
            batch,
            bBatchStride,
            cBatchStride,
            aBatchStride)
        : new MatmulDims(
            m,
            k,
            n,
            false,
            !transposeB,
            cRowStride,
            bRowStride,
            aRowStride,
            batch,
            cBatchStride,
            bBatchStride,
            aBatchStride);
  }

  /**
   * The product that gives dB from dC, see {@link MatmulCpu#backwardB}: dB = op(A)ᵀ·dC, or for a
   * transposed B its transpose dCᵀ·op(A).
   */
  MatmulDims forGradientOfB() {
    return transposeB
        ? new MatmulDims(
            n,
            k,
            m,
            true,
            transposeA,
            cRowStride,
            aRowStride,
            bRowStride,
            batch,
            cBatchStride,
            aBatchStride,
            bBatchStride)
        : new MatmulDims(
            k,
            n,
            m,
            !transposeA,
            false,
            aRowStride,
            cRowStride,
            bRowStride,
            batch,
            aBatchStride,
            cBatchStride,
            bBatchStride);
  }

  /**
   * The same products as fewer and larger ones, where the layout allows: a shared B under items of
   * A that follow one another is one tall product; a sum over a batch of AᵀB is one deep product.
   */
  MatmulDims fold() {
    if (batch <= 1) {
      return this;
    }
    if (!transposeA
        && bBatchStride == 0
        && aBatchStride == m * aRowStride
        && cBatchStride == m * cRowStride) {
      return new MatmulDims(
          m * batch, n, k, false, transposeB, aRowStride, bRowStride, cRowStride, 1, 0, 0, 0);
    }
    if (transposeA
        && !transposeB
        && cBatchStride == 0
        && aBatchStride == k * aRowStride
        && bBatchStride == k * bRowStride) {
      return new MatmulDims(
          m, n, k * batch, true, false, aRowStride, bRowStride, cRowStride, 1, 0, 0, 0);
    }
    return this;
  }

  /** Each matrix moved once, a shared one once for all items; 2·M·N·K flops an item. */
  public Cost cost() {
    long a = (long) m * k * (aBatchStride == 0 ? 1 : batch);
    long b = (long) k * n * (bBatchStride == 0 ? 1 : batch);
    long c = (long) m * n * (cBatchStride == 0 ? 1 : batch);
    return new Cost(4 * (a + b + c), 2L * m * n * k * batch);
  }
}
