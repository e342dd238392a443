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

/**
 * The gradients of one head of one sequence.
 *
 * <p>Goes through blocks of {@link TileKernels#COLUMNS} queries, and in a block through tiles of
 * keys. Everything is transposed, one row per key and one lane per query: sᵀ = k·qᵀ and dpᵀ = v·dyᵀ
 * read k and v where they lie, lse and delta are plain vectors, and pᵀ and dsᵀ come out as the left
 * operands that dv += pᵀ·dy and dk += dsᵀ·q need. Only ds itself, for dq = ds·k, is turned around.
 */
final class BackwardHead {
  private final AttentionDims d;
  private final int keys;
  private final int keyTiles;
  private final float[] q;
  private final float[] k;
  private final float[] v;
  private final float[] y;
  private final float[] dy;
  private final float[] lse;
  private final int queryRow; // where this head begins in the first query, offsets not included
  private final int keyRow;
  private final int yRow;
  private final int qBegin;
  private final int kBegin;
  private final int vBegin;
  private final int yBegin;
  private final int dyBegin;
  private final int lseBegin;
  private final float scale;
  private final boolean direct; // whether products may be written to dq, dk, dv without a detour

  private final float[] space;
  private final int paddedD;
  private final int keyPanels; // k: (keys, D), for dq
  private final int qColumns; // qᵀ of the block: (D, COLUMNS)
  private final int dyColumns; // dyᵀ of the block
  private final int qPanels; // q of the block: (COLUMNS, D)
  private final int dyPanels; // dy of the block
  private final int probabilities; // pᵀ of the tile: (MAX_ROWS, COLUMNS)
  private final int scoreGradients; // dsᵀ of the block: (keys, COLUMNS)
  private final int turned; // ds of the block: COLUMNS × COLUMNS, for COLUMNS keys after another
  private final int blockLse; // (COLUMNS)
  private final int blockDelta; // (COLUMNS)
  private final int dqSum; // (COLUMNS, paddedD)
  private final int dkSum; // (keys, paddedD) unless direct
  private final int dvSum;

  BackwardHead(
      AttentionDims d,
      int head,
      int keys,
      Floats q,
      Floats k,
      Floats v,
      Floats y,
      Floats lse,
      Floats dy) {
    int batch = head / d.h();
    int column = head % d.h() * d.d();
    this.d = d;
    this.keys = keys;
    this.keyTiles = TileKernels.count(keys);
    this.queryRow = batch * d.tq() * d.queryStride() + column;
    this.keyRow = batch * d.tk() * d.keyStride() + column;
    this.yRow = batch * d.tq() * d.c() + column;
    this.q = q.array();
    this.k = k.array();
    this.v = v.array();
    this.y = y.array();
    this.dy = dy.array();
    this.lse = lse.array();
    this.qBegin = q.offset() + queryRow;
    this.kBegin = k.offset() + keyRow;
    this.vBegin = v.offset() + keyRow;
    this.yBegin = y.offset() + yRow;
    this.dyBegin = dy.offset() + yRow;
    this.lseBegin = lse.offset() + head * d.tq();
    this.scale = (float) d.scale();
    this.paddedD = Panels.count(d.d()) * COLUMNS;
    this.direct = paddedD == d.d();

    int panels = Panels.length(d.d(), keys);
    int block = d.d() * COLUMNS;
    int rows = COLUMNS * paddedD;
    int sums = direct ? 0 : keys * paddedD;
    int tile = TileKernels.MAX_ROWS * COLUMNS;
    Workspace workspace =
        Workspace.ofThread(
            panels
                + 2 * block
                + 3 * rows
                + tile
                + keys * COLUMNS
                + COLUMNS * COLUMNS
                + 2 * COLUMNS
                + 2 * sums);
    this.keyPanels = workspace.take(panels);
    this.qColumns = workspace.take(block);
    this.dyColumns = workspace.take(block);
    this.qPanels = workspace.take(rows);
    this.dyPanels = workspace.take(rows);
    this.dqSum = workspace.take(rows);
    this.probabilities = workspace.take(tile);
    this.scoreGradients = workspace.take(keys * COLUMNS);
    this.turned = workspace.take(COLUMNS * COLUMNS);
    this.blockLse = workspace.take(COLUMNS);
    this.blockDelta = workspace.take(COLUMNS);
    this.dkSum = workspace.take(sums);
    this.dvSum = workspace.take(sums);
    this.space = workspace.array();
  }

  /** Writes this head's part of dq, dk and dv. */
  void run(Floats dq, Floats dk, Floats dv) {
    int dqRow = dq.offset() + queryRow;
    int dkRow = dk.offset() + keyRow;
    int dvRow = dv.offset() + keyRow;
    int counted = d.tq() == 0 ? 0 : keys;
    clear(dk.array(), dkRow, d.keyStride(), counted, d.tk());
    clear(dv.array(), dvRow, d.keyStride(), counted, d.tk());
    if (counted == 0) {
      clear(dq.array(), dqRow, d.queryStride(), 0, d.tq());
      return;
    }
    Panels.pack(k, kBegin, d.keyStride(), d.d(), keys, space, keyPanels);
    Target dkTarget =
        direct ? new Target(dk.array(), dkRow, d.keyStride()) : new Target(space, dkSum, paddedD);
    Target dvTarget =
        direct ? new Target(dv.array(), dvRow, d.keyStride()) : new Target(space, dvSum, paddedD);
    for (int first = 0; first < d.tq(); first += COLUMNS) {
      int queries = Math.min(COLUMNS, d.tq() - first);
      int seen = d.causal() ? Math.min(keys, first + queries) : keys;
      loadBlock(first, queries);
      for (int tile = 0; tile < keyTiles; tile++) {
        int key = TileKernels.begin(keys, tile);
        if (key >= seen) {
          break;
        }
        int rows = TileKernels.begin(keys, tile + 1) - key;
        tile(first, key, rows);
        // The first block that sees a tile of keys sets its sums, later ones add to them.
        boolean add = first > (d.causal() ? key / COLUMNS * COLUMNS : 0);
        multiply(rows, probabilities, queries, dyPanels, dvTarget, key, add);
        multiply(rows, scoreGradients + key * COLUMNS, queries, qPanels, dkTarget, key, add);
      }
      Target dqTarget =
          direct
              ? new Target(dq.array(), dqRow + first * d.queryStride(), d.queryStride())
              : new Target(space, dqSum, paddedD);
      queryGradients(queries, seen, dqTarget);
      if (!direct) {
        copy(dqSum, queries, dq.array(), dqRow + first * d.queryStride(), d.queryStride());
      }
    }
    if (!direct) {
      copy(dkSum, keys, dk.array(), dkRow, d.keyStride());
      copy(dvSum, keys, dv.array(), dvRow, d.keyStride());
    }
  }

  /** Where the rows of a product go. */
  private record Target(float[] array, int offset, int rowStride) {}

  private void clear(float[] array, int row, int rowStride, int begin, int end) {
    for (int t = begin; t < end; t++) {
      Arrays.fill(array, row + t * rowStride, row + t * rowStride + d.d(), 0);
    }
  }

  private void copy(int from, int rows, float[] to, int row, int rowStride) {
    for (int t = 0; t < rows; t++) {
      System.arraycopy(space, from + t * paddedD, to, row + t * rowStride, d.d());
    }
  }

  /** Packs q and dy of a block of queries both ways, and its lse and delta = dy·y. */
  private void loadBlock(int first, int queries) {
    int qRow = qBegin + first * d.queryStride();
    int dyRow = dyBegin + first * d.c();
    Panels.packPanelTransposed(q, qRow, d.queryStride(), queries, d.d(), space, qColumns);
    Panels.packPanelTransposed(dy, dyRow, d.c(), queries, d.d(), space, dyColumns);
    Panels.pack(q, qRow, d.queryStride(), d.d(), queries, space, qPanels);
    Panels.pack(dy, dyRow, d.c(), d.d(), queries, space, dyPanels);
    for (int i = 0; i < queries; i++) {
      space[blockLse + i] = lse[lseBegin + first + i];
      space[blockDelta + i] =
          Lanes.dot(dy, dyRow + i * d.c(), y, yBegin + (first + i) * d.c(), d.d());
    }
    Arrays.fill(space, blockLse + queries, blockLse + COLUMNS, 0);
    Arrays.fill(space, blockDelta + queries, blockDelta + COLUMNS, 0);
  }

  /** pᵀ and dsᵀ of a tile of keys against the block of queries. */
  private void tile(int first, int key, int rows) {
    int dsRow = scoreGradients + key * COLUMNS;
    TileKernels.run(
        rows,
        k,
        kBegin + key * d.keyStride(),
        d.keyStride(),
        space,
        qColumns,
        space,
        probabilities,
        COLUMNS,
        d.d(),
        false);
    TileKernels.run(
        rows,
        v,
        vBegin + key * d.keyStride(),
        d.keyStride(),
        space,
        dyColumns,
        space,
        dsRow,
        COLUMNS,
        d.d(),
        false);
    FloatVector factor = FloatVector.broadcast(SPECIES, scale);
    for (int lane = 0; lane < COLUMNS; lane += Lanes.COUNT) {
      FloatVector minusLse = FloatVector.fromArray(SPECIES, space, blockLse + lane).neg();
      FloatVector delta = FloatVector.fromArray(SPECIES, space, blockDelta + lane);
      for (int j = 0; j < rows; j++) {
        int p = probabilities + j * COLUMNS + lane;
        int ds = dsRow + j * COLUMNS + lane;
        FloatVector probability =
            VectorMath.exp(FloatVector.fromArray(SPECIES, space, p).fma(factor, minusLse));
        FloatVector gradient =
            FloatVector.fromArray(SPECIES, space, ds).sub(delta).mul(probability).mul(factor);
        if (d.causal() && key + j > first + lane) {
          VectorMask<Float> before = Lanes.below(first + lane, key + j);
          probability = probability.blend(0f, before);
          gradient = gradient.blend(0f, before);
        }
        probability.intoArray(space, p);
        gradient.intoArray(space, ds);
      }
    }
  }

  /** Rows {@code key} and on of the target ← (+) left (rows, queries) · panels (queries, D). */
  private void multiply(
      int rows, int left, int queries, int panels, Target target, int key, boolean add) {
    for (int p = 0; p * COLUMNS < d.d(); p++) {
      TileKernels.run(
          rows,
          space,
          left,
          COLUMNS,
          space,
          panels + p * queries * COLUMNS,
          target.array,
          target.offset + key * target.rowStride + p * COLUMNS,
          target.rowStride,
          queries,
          add);
    }
  }

  /** dq of the block ← ds · k. */
  private void queryGradients(int queries, int seen, Target target) {
    int tiles = TileKernels.count(queries);
    for (int key = 0; key < seen; key += COLUMNS) {
      int depth = Math.min(COLUMNS, seen - key);
      Panels.packPanelTransposed(
          space, scoreGradients + key * COLUMNS, COLUMNS, depth, queries, space, turned);
      for (int tile = 0; tile < tiles; tile++) {
        int row = TileKernels.begin(queries, tile);
        int rows = TileKernels.begin(queries, tile + 1) - row;
        for (int p = 0; p * COLUMNS < d.d(); p++) {
          TileKernels.run(
              rows,
              space,
              turned + row * COLUMNS,
              COLUMNS,
              space,
              keyPanels + p * keys * COLUMNS + key * COLUMNS,
              target.array,
              target.offset + row * target.rowStride + p * COLUMNS,
              target.rowStride,
              depth,
              key > 0);
        }
      }
    }
  }
}
