package dev.diptych.kernels.contrastive;

import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One sweep over all tiles of logits that gathers what is to be known of each row and column.
 * Chunks of images follow one another; within a chunk each group of texts is a task, which owns its
 * columns and gathers the chunk's rows for itself; the groups' rows are joined in order.
 */
final class ForwardSweep {
  /**
   * Where the best logits of all rows and columns of a tile lie within this of each other, one
   * exp(s − shift) serves row and column: no sum falls below e⁻⁴⁰.
   */
  private static final float ONE_SHIFT_RANGE = 40;

  private final ContrastiveDims d;
  private final SimilarityTiles tiles;
  private final Positives positives;
  private final float scale;
  private final LogSumExps columns;
  private final Group[] groups;

  private double loss;
  private int correct;

  ForwardSweep(
      ContrastiveDims d,
      Floats image,
      Floats text,
      float scale,
      Positives positives,
      Scratch scratch) {
    this.d = d;
    this.scale = scale;
    this.positives = positives;
    tiles = new SimilarityTiles(d, image, text, scratch);
    columns = new LogSumExps(scratch.take(LogSumExps.floats(d.n())), d.n());
    groups = new Group[d.groups()];
    for (int g = 0; g < groups.length; g++) {
      groups[g] = new Group(scratch);
    }
  }

  /** Runs the sweep and writes the results. */
  void run(Floats meanLoss, Floats accuracy, Floats rowLse, Floats columnLse) {
    columns.clear();
    for (int chunk = 0; chunk < d.chunks(); chunk++) {
      int current = chunk;
      tiles.pack(chunk);
      Parallel.run(groups.length, g -> groups[g].run(current, g));
      LogSumExps rows = groups[0].rows;
      for (int g = 1; g < groups.length; g++) {
        rows.join(0, groups[g].rows, tiles.images(chunk));
      }
      finish(rows, chunk * d.chunkImages(), tiles.images(chunk), rowLse);
    }
    finish(columns, 0, d.n(), columnLse);
    meanLoss.array()[meanLoss.offset()] = (float) (loss / (2.0 * d.n()));
    accuracy.array()[accuracy.offset()] = (float) (correct / (2.0 * d.n()));
  }

  private void finish(LogSumExps lines, int begin, int count, Floats lse) {
    for (int i = 0; i < count; i++) {
      double logSumExp = lines.logSumExp(i);
      double positive = lines.array[lines.positiveSum + i];
      loss += logSumExp - positive / positives.count(begin + i);
      correct += lines.isCorrect(i) ? 1 : 0;
      lse.array()[lse.offset() + begin + i] = (float) logSumExp;
    }
  }

  /** A run of blocks of texts, and the memory its task works in. */
  private final class Group {
    private final Floats tile;
    private final LogSumExps rows;
    private final LogSumExps tileRows;
    private final LogSumExps tileColumns;
    private final Floats aside;

    /** A vector on its way to its sum: through memory, since as an argument it might be boxed. */
    private final Floats lanes;

    Group(Scratch scratch) {
      tile = scratch.take(d.blockTexts() * d.chunkWidth());
      rows = lines(scratch, d.chunkWidth());
      tileRows = lines(scratch, d.chunkWidth());
      tileColumns = lines(scratch, d.blockTexts());
      aside = scratch.take(d.chunkWidth());
      lanes = scratch.take(TileKernels.COLUMNS);
    }

    private static LogSumExps lines(Scratch scratch, int size) {
      return new LogSumExps(scratch.take(LogSumExps.floats(size)), size);
    }

    void run(int chunk, int group) {
      rows.clear();
      for (int block = d.firstBlock(group); block < d.firstBlock(group + 1); block++) {
        tiles.multiply(chunk, block, tile);
        tileRows.clear();
        tileColumns.clear();
        for (int text = 0; text < tiles.texts(block); text++) {
          gatherBest(chunk, block, text);
        }
        sumExponentials(tiles.images(chunk), tiles.texts(block));
        rows.join(0, tileRows, tiles.images(chunk));
        columns.join(block * tiles.blockTexts, tileColumns, tiles.texts(block));
      }
    }

    /** Scales one text's row of the tile to logits and notes positives and the best of the rest. */
    private void gatherBest(int chunk, int block, int text) {
      float[] s = tile.array();
      int row = tile.offset() + text * tiles.chunkWidth;
      int images = tiles.images(chunk);
      for (int i = 0; i < images; i += Lanes.COUNT) {
        FloatVector.fromArray(SPECIES, s, row + i).mul(scale).intoArray(s, row + i);
      }
      for (int i = images; i < tiles.chunkWidth; i++) {
        s[row + i] = Float.NEGATIVE_INFINITY; // no image: adds nothing to any sum
      }
      int firstImage = chunk * tiles.chunkImages;
      int column = block * tiles.blockTexts + text;
      int from = positives.from(column, firstImage);
      int to = positives.from(column, firstImage + images);
      for (int place = from; place < to; place++) {
        int i = positives.row(place) - firstImage;
        float logit = s[row + i];
        tileRows.addPositive(i, logit);
        tileColumns.addPositive(text, logit);
        aside.array()[aside.offset() + place - from] = logit;
        s[row + i] = Float.NEGATIVE_INFINITY;
      }
      FloatVector best = FloatVector.broadcast(SPECIES, Float.NEGATIVE_INFINITY);
      for (int i = 0; i < images; i += Lanes.COUNT) {
        FloatVector logits = FloatVector.fromArray(SPECIES, s, row + i);
        best = best.max(logits);
        FloatVector.fromArray(SPECIES, tileRows.array, tileRows.bestNegative + i)
            .max(logits)
            .intoArray(tileRows.array, tileRows.bestNegative + i);
      }
      tileColumns.array[tileColumns.bestNegative + text] = best.reduceLanes(VectorOperators.MAX);
      for (int place = from; place < to; place++) {
        s[row + positives.row(place) - firstImage] = aside.array()[aside.offset() + place - from];
      }
    }

    private void sumExponentials(int images, int texts) {
      float highest = Float.NEGATIVE_INFINITY;
      float lowest = Float.POSITIVE_INFINITY;
      for (int i = 0; i < images; i++) {
        float best = tileRows.best(i);
        tileRows.array[tileRows.shift + i] = best;
        highest = Math.max(highest, best);
        lowest = Math.min(lowest, best);
      }
      for (int j = 0; j < texts; j++) {
        float best = tileColumns.best(j);
        tileColumns.array[tileColumns.shift + j] = best;
        highest = Math.max(highest, best);
        lowest = Math.min(lowest, best);
      }
      if (highest - lowest <= ONE_SHIFT_RANGE) {
        sumWithOneShift(highest, images, texts);
      } else {
        sumWithShifts(images, texts);
      }
    }

    private void sumWithOneShift(float shift, int images, int texts) {
      java.util.Arrays.fill(tileRows.array, tileRows.shift, tileRows.shift + images, shift);
      for (int j = 0; j < texts; j++) {
        int row = tile.offset() + j * tiles.chunkWidth;
        FloatVector columnSum = FloatVector.zero(SPECIES);
        for (int i = 0; i < images; i += Lanes.COUNT) {
          FloatVector e =
              VectorMath.exp(FloatVector.fromArray(SPECIES, tile.array(), row + i).sub(shift));
          columnSum = columnSum.add(e);
          FloatVector.fromArray(SPECIES, tileRows.array, tileRows.sum + i)
              .add(e)
              .intoArray(tileRows.array, tileRows.sum + i);
        }
        columnSum.intoArray(lanes.array(), lanes.offset());
        tileColumns.array[tileColumns.sum + j] =
            Lanes.sum(lanes.array(), lanes.offset(), Lanes.COUNT);
        tileColumns.array[tileColumns.shift + j] = shift;
      }
    }

    private void sumWithShifts(int images, int texts) {
      for (int j = 0; j < texts; j++) {
        int row = tile.offset() + j * tiles.chunkWidth;
        float shift = tileColumns.array[tileColumns.shift + j];
        FloatVector columnSum = FloatVector.zero(SPECIES);
        for (int i = 0; i < images; i += Lanes.COUNT) {
          FloatVector logits = FloatVector.fromArray(SPECIES, tile.array(), row + i);
          columnSum = columnSum.add(VectorMath.exp(logits.sub(shift)));
          FloatVector rowShift = FloatVector.fromArray(SPECIES, tileRows.array, tileRows.shift + i);
          FloatVector.fromArray(SPECIES, tileRows.array, tileRows.sum + i)
              .add(VectorMath.exp(logits.sub(rowShift)))
              .intoArray(tileRows.array, tileRows.sum + i);
        }
        columnSum.intoArray(lanes.array(), lanes.offset());
        tileColumns.array[tileColumns.sum + j] =
            Lanes.sum(lanes.array(), lanes.offset(), Lanes.COUNT);
      }
    }
  }
}
