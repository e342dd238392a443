package dev.diptych.kernels.attention;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * The forward pass of one head of one sequence.
 *
 * <p>kᵀ and v are packed into panels once. Then tile by tile of at most {@link
 * TileKernels#MAX_ROWS} queries: their scores against all keys that the tile sees (a few KiB, which
 * stay in L1), the exponentials in place, the product with v into y, and y over the row's sum.
 */
final class ForwardHead {
  private final AttentionDims d;
  private final int keys;
  private final float[] q;
  private final int qRow; // where this head begins in the first query of the sequence
  private final float[] y;
  private final int yRow;
  private final float[] lse;
  private final int lseRow;
  private final int keyRow;
  private final float scale;

  private final float[] space;
  private final int keyPanels; // kᵀ: (D, keys)
  private final int valuePanels; // v: (keys, D)
  private final int scores; // (MAX_ROWS, scoresStride)
  private final int scoresStride;
  private final int product; // (MAX_ROWS, productStride): y where D is no multiple of COLUMNS
  private final int productStride;

  ForwardHead(AttentionDims d, int head, int keys, Floats q, Floats y, Floats lse) {
    int batch = head / d.h();
    int column = head % d.h() * d.d();
    this.d = d;
    this.keys = keys;
    this.q = q.array();
    this.qRow = q.offset() + batch * d.tq() * d.queryStride() + column;
    this.y = y.array();
    this.yRow = y.offset() + batch * d.tq() * d.c() + column;
    this.lse = lse.array();
    this.lseRow = lse.offset() + head * d.tq();
    this.keyRow = batch * d.tk() * d.keyStride() + column;
    this.scale = (float) d.scale();
    // An odd number of vectors a row: rows that are a power of two apart compete for cache lines.
    this.scoresStride = Panels.count(keys) * COLUMNS + Lanes.COUNT;
    this.productStride = Panels.count(d.d()) * COLUMNS;
    int keyPanelsLength = Panels.length(keys, d.d());
    int valuePanelsLength = Panels.length(d.d(), keys);
    int scoresLength = TileKernels.MAX_ROWS * scoresStride;
    int productLength = TileKernels.MAX_ROWS * productStride;
    Workspace workspace =
        Workspace.ofThread(keyPanelsLength + valuePanelsLength + scoresLength + productLength);
    this.keyPanels = workspace.take(keyPanelsLength);
    this.valuePanels = workspace.take(valuePanelsLength);
    this.scores = workspace.take(scoresLength);
    this.product = workspace.take(productLength);
    this.space = workspace.array();
  }

  /** Handles the query tiles {@code begin ≤ tile < end}. */
  void run(Floats k, Floats v, int begin, int end) {
    if (keys == 0) {
      seeNothing(TileKernels.begin(d.tq(), begin), TileKernels.begin(d.tq(), end));
      return;
    }
    Panels.packTransposed(
        k.array(), k.offset() + keyRow, d.keyStride(), keys, d.d(), space, keyPanels);
    Panels.pack(v.array(), v.offset() + keyRow, d.keyStride(), d.d(), keys, space, valuePanels);
    for (int tile = begin; tile < end; tile++) {
      int first = TileKernels.begin(d.tq(), tile);
      int rows = TileKernels.begin(d.tq(), tile + 1) - first;
      int seen = d.causal() ? Math.min(keys, first + rows) : keys;
      scores(first, rows, seen);
      boolean direct = d.d() % COLUMNS == 0;
      float[] out = direct ? y : space;
      int outRow = direct ? yRow + first * d.c() : product;
      int outStride = direct ? d.c() : productStride;
      for (int i = 0; i < rows; i++) {
        exponentials(first + i, scores + i * scoresStride, seen);
      }
      weightedValues(rows, seen, out, outRow, outStride);
      for (int i = 0; i < rows; i++) {
        normalise(first + i, scores + i * scoresStride, out, outRow + i * outStride);
      }
    }
  }

  private void seeNothing(int begin, int end) {
    for (int i = begin; i < end; i++) {
      Arrays.fill(y, yRow + i * d.c(), yRow + i * d.c() + d.d(), 0);
      lse[lseRow + i] = Float.NEGATIVE_INFINITY;
    }
  }

  private void scores(int first, int rows, int seen) {
    for (int p = 0; p * COLUMNS < seen; p++) {
      TileKernels.run(
          rows,
          q,
          qRow + first * d.queryStride(),
          d.queryStride(),
          space,
          keyPanels + p * d.d() * COLUMNS,
          space,
          scores + p * COLUMNS,
          scoresStride,
          d.d(),
          false);
    }
  }

  private void weightedValues(int rows, int seen, float[] out, int outRow, int outStride) {
    for (int p = 0; p * COLUMNS < d.d(); p++) {
      TileKernels.run(
          rows,
          space,
          scores,
          scoresStride,
          space,
          valuePanels + p * keys * COLUMNS,
          out,
          outRow + p * COLUMNS,
          outStride,
          seen,
          false);
    }
  }

  /**
   * Turns a row of scores s into e = exp(s/√D − shift): 0 for keys that the query does not see but
   * others of its tile, up to {@code seen}, do. The sum of the row is put behind its end.
   */
  private void exponentials(int query, int row, int seen) {
    int own = d.causal() ? Math.min(keys, query + 1) : keys;
    int bound = SPECIES.loopBound(own);
    VectorMask<Float> tail = Lanes.below(bound, own);
    FloatVector lowest = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
    FloatVector max = lowest;
    for (int j = 0; j < bound; j += Lanes.COUNT) {
      max = larger(max, FloatVector.fromArray(SPECIES, space, row + j));
    }
    FloatVector last = lowest;
    if (bound < own) {
      last = lowest.blend(FloatVector.fromArray(SPECIES, space, row + bound), tail);
      max = larger(max, last);
    }
    // Any shift near the maximum gives the same y; its rounding goes into lse as well.
    float shift = max.reduceLanes(VectorOperators.MAX) * scale;
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    FloatVector minusShift = FloatVector.broadcast(SPECIES, -shift);
    FloatVector sum = FloatVector.zero(SPECIES);
    for (int j = 0; j < bound; j += Lanes.COUNT) {
      FloatVector e =
          VectorMath.exp(FloatVector.fromArray(SPECIES, space, row + j).fma(factor, minusShift));
      e.intoArray(space, row + j);
      sum = sum.add(e);
    }
    int written = bound;
    if (bound < own) {
      FloatVector e = VectorMath.exp(last.fma(factor, minusShift)).blend(0f, tail.not());
      e.intoArray(space, row + bound);
      sum = sum.add(e);
      written += Lanes.COUNT;
    }
    for (int j = written; j < seen; j += Lanes.COUNT) {
      FloatVector.zero(SPECIES).intoArray(space, row + j);
    }
    float total = Lanes.sum(sum);
    space[row + scoresStride - 1] = total;
    lse[lseRow + query] = shift + (float) Math.log(total);
  }

  private static FloatVector larger(FloatVector x, FloatVector y) {
    // Two instructions; max(), which looks after NaN and signed zero, takes six. A NaN that is
    // passed over here stays NaN as an exponential.
    return x.blend(y, y.compare(VectorOperators.GT, x));
  }

  private void normalise(int query, int row, float[] from, int fromRow) {
    float inverse = 1 / space[row + scoresStride - 1];
    int to = yRow + query * d.c();
    for (int e = 0; e < d.d(); e += Lanes.COUNT) {
      VectorMask<Float> in = Lanes.below(e, d.d());
      FloatVector.fromArray(SPECIES, from, fromRow + e, in).mul(inverse).intoArray(y, to + e, in);
    }
  }
}
