package dev.diptych.kernels.contrastive;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;
import static dev.diptych.kernels.simd.Lanes.SPECIES;

import dev.diptych.kernels.l2normalize.L2NormalizeCpu;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import dev.diptych.kernels.simd.Lanes;
import dev.diptych.kernels.simd.VectorMath;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One sweep over all tiles of logits, computed again, that turns each into its part g of the
 * gradient and multiplies it at once with the images (for dv) and the texts (for du). Chunks of
 * images follow one another; within a chunk each group of texts is a task, which owns the dv of its
 * texts and sums a du of the chunk for itself; the groups' du are added in order.
 */
final class BackwardSweep {
  /**
   * Where all log-sum-exps lie within this of each other, Q = P·exp(row lse − column lse) saves a
   * second exp: both factors stay far inside the range of f32, and a P that underflows hides a Q
   * below e⁻⁴⁷.
   */
  private static final float ONE_EXP_RANGE = 40;

  /** Log-sum-exp of images past the chunk's end: makes their P zero. */
  private static final float NO_IMAGE = 1e30f;

  private final ContrastiveDims d;
  private final SimilarityTiles tiles;
  private final Positives positives;
  private final float scale;
  private final float weight;
  private final boolean oneExp;

  /** (chunks·chunkWidth): each image's lse; exp(lse − middle) or 1; NO_IMAGE and 0 past the end. */
  private final Floats rowLse;

  private final Floats rowFactor;

  /** (N): each text's lse; exp(middle − lse). */
  private final Floats columnLse;

  private final Floats columnFactor;

  private final Floats dImage;
  private final Floats dText;

  /** (chunk images, D) as panels. */
  private final Floats imagePanels;

  private final Group[] groups;

  /**
   * Prepares the sweep.
   *
   * @param weight what the loss is multiplied by and divided by in front of its sum: dLoss/(2N)
   */
  BackwardSweep(
      ContrastiveDims d,
      Floats image,
      Floats text,
      float scale,
      Positives positives,
      Floats rowLse,
      Floats columnLse,
      float weight,
      Floats dImage,
      Floats dText,
      Scratch scratch) {
    this.d = d;
    this.scale = scale;
    this.positives = positives;
    this.weight = weight;
    this.columnLse = columnLse;
    this.dImage = dImage;
    this.dText = dText;
    tiles = new SimilarityTiles(d, image, text, scratch);
    imagePanels = scratch.take(Panels.length(d.d(), d.chunkImages()));
    this.rowLse = scratch.take(d.chunks() * d.chunkWidth());
    rowFactor = scratch.take(d.chunks() * d.chunkWidth());
    columnFactor = scratch.take(d.n());
    groups = new Group[d.groups()];
    for (int g = 0; g < groups.length; g++) {
      groups[g] = new Group(scratch);
    }
    float highest = Math.max(max(rowLse), max(columnLse));
    float lowest = Math.min(min(rowLse), min(columnLse));
    oneExp = highest - lowest <= ONE_EXP_RANGE;
    float middle = lowest + (highest - lowest) / 2;
    this.rowLse.fill(NO_IMAGE);
    rowFactor.fill(0);
    for (int chunk = 0; chunk < d.chunks(); chunk++) {
      int images = tiles.images(chunk);
      Floats lse = rowLse.slice(chunk * d.chunkImages(), images);
      Floats factor = rowFactor.slice(chunk * d.chunkWidth(), images);
      this.rowLse.slice(chunk * d.chunkWidth(), images).copyFrom(lse);
      if (oneExp) {
        exponentials(lse, 1, -middle, factor);
      } else {
        factor.fill(1);
      }
    }
    if (oneExp) {
      exponentials(columnLse, -1, middle, columnFactor);
    }
  }

  private static float max(Floats x) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = x.offset(); i < x.end(); i++) {
      max = Math.max(max, x.array()[i]);
    }
    return max;
  }

  private static float min(Floats x) {
    float min = Float.POSITIVE_INFINITY;
    for (int i = x.offset(); i < x.end(); i++) {
      min = Math.min(min, x.array()[i]);
    }
    return min;
  }

  /** y = exp(sign·x + shift). */
  private static void exponentials(Floats x, float sign, float shift, Floats y) {
    for (int i = 0; i < x.length(); i += Lanes.COUNT) {
      var in = Lanes.below(i, x.length());
      VectorMath.exp(
              FloatVector.fromArray(SPECIES, x.array(), x.offset() + i, in).mul(sign).add(shift))
          .intoArray(y.array(), y.offset() + i, in);
    }
  }

  /** Runs the sweep: writes dImage and dText, returns Σ P·log P + Q·log Q. */
  double run() {
    double negativeEntropy = 0;
    for (int chunk = 0; chunk < d.chunks(); chunk++) {
      int current = chunk;
      tiles.pack(chunk);
      packImages(chunk);
      Parallel.run(groups.length, g -> groups[g].run(current, g));
      for (Group group : groups) {
        negativeEntropy += group.negativeEntropy;
      }
      Parallel.rows(
          tiles.images(chunk),
          Parallel.rowsPerTask(groups.length * d.d()),
          (begin, end) -> {
            for (int image = begin; image < end; image++) {
              joinImage(current, image);
            }
          });
    }
    if (d.normalize()) {
      L2NormalizeDims rows = new L2NormalizeDims(d.n(), d.d());
      L2NormalizeCpu.backward(rows, tiles.u, tiles.imageInverseNorm, dImage, dImage);
      L2NormalizeCpu.backward(rows, tiles.v, tiles.textInverseNorm, dText, dText);
    }
    return negativeEntropy;
  }

  private void packImages(int chunk) {
    int images = tiles.images(chunk);
    int begin = tiles.u.offset() + chunk * d.chunkImages() * d.d();
    Parallel.run(
        Panels.count(d.d()),
        p ->
            Panels.packPanel(
                tiles.u.array(),
                begin + p * COLUMNS,
                d.d(),
                Math.min(COLUMNS, d.d() - p * COLUMNS),
                images,
                imagePanels.array(),
                imagePanels.offset() + p * images * COLUMNS));
  }

  /** du of an image = scale · the sum of what the groups have found, in their order. */
  private void joinImage(int chunk, int image) {
    int to = dImage.offset() + (chunk * d.chunkImages() + image) * d.d();
    for (int c = 0; c < d.d(); c += Lanes.COUNT) {
      FloatVector sum = FloatVector.zero(SPECIES);
      for (Group group : groups) {
        // Rows of du are whole panels wide, so no mask is needed to read.
        sum =
            sum.add(
                FloatVector.fromArray(
                    SPECIES, group.du.array(), group.du.offset() + image * d.width() + c));
      }
      sum.mul(scale).intoArray(dImage.array(), to + c, Lanes.below(c, d.d()));
    }
  }

  /** A run of blocks of texts, and the memory its task works in. */
  private final class Group {
    private final Floats tile;
    private final Floats dv;
    private final Floats textPanels;
    private final Floats transposed;
    private final Floats du;

    /** A vector on its way to its sum: through memory, since as an argument it might be boxed. */
    private final Floats lanes;

    private double negativeEntropy;

    Group(Scratch scratch) {
      tile = scratch.take(d.blockTexts() * d.chunkWidth());
      dv = scratch.take(d.blockTexts() * d.width());
      textPanels = scratch.take(Panels.length(d.d(), d.blockTexts()));
      transposed = scratch.take(d.chunkImages() * d.blockTexts());
      du = scratch.take(d.chunkImages() * d.width());
      lanes = scratch.take(COLUMNS);
    }

    void run(int chunk, int group) {
      negativeEntropy = 0;
      for (int block = d.firstBlock(group); block < d.firstBlock(group + 1); block++) {
        tiles.multiply(chunk, block, tile);
        for (int text = 0; text < tiles.texts(block); text++) {
          negativeEntropy +=
              oneExp ? gradientOneExp(chunk, block, text) : gradient(chunk, block, text);
          subtractTargets(chunk, block, text);
        }
        multiplyImages(chunk, block);
        multiplyTexts(chunk, block, block > d.firstBlock(group));
      }
    }

    /** One text's row of the tile from u·v to weight·(P + Q); returns Σ P·log P + Q·log Q. */
    private double gradientOneExp(int chunk, int block, int text) {
      float[] s = tile.array();
      int row = tile.offset() + text * tiles.chunkWidth;
      int column = block * tiles.blockTexts + text;
      float lse = columnLse.array()[columnLse.offset() + column];
      float factor = columnFactor.array()[columnFactor.offset() + column];
      int lses = rowLse.offset() + chunk * tiles.chunkWidth;
      int factors = rowFactor.offset() + chunk * tiles.chunkWidth;
      int images = tiles.images(chunk);
      FloatVector entropy = FloatVector.zero(SPECIES);
      for (int i = 0; i < images; i += Lanes.COUNT) {
        FloatVector logits = FloatVector.fromArray(SPECIES, s, row + i).mul(scale);
        FloatVector logP = logits.sub(FloatVector.fromArray(SPECIES, rowLse.array(), lses + i));
        FloatVector logQ = logits.sub(lse);
        FloatVector p = VectorMath.exp(logP);
        FloatVector q =
            p.mul(FloatVector.fromArray(SPECIES, rowFactor.array(), factors + i).mul(factor));
        entropy = q.fma(logQ, p.fma(logP, entropy));
        p.add(q).mul(weight).intoArray(s, row + i);
      }
      entropy.intoArray(lanes.array(), lanes.offset());
      return Lanes.sum(lanes.array(), lanes.offset(), Lanes.COUNT);
    }

    /** The same where logits are too far apart for one exp to serve both. */
    private double gradient(int chunk, int block, int text) {
      float[] s = tile.array();
      int row = tile.offset() + text * tiles.chunkWidth;
      float lse = columnLse.array()[columnLse.offset() + block * tiles.blockTexts + text];
      int lses = rowLse.offset() + chunk * tiles.chunkWidth;
      int factors = rowFactor.offset() + chunk * tiles.chunkWidth;
      int images = tiles.images(chunk);
      FloatVector entropy = FloatVector.zero(SPECIES);
      for (int i = 0; i < images; i += Lanes.COUNT) {
        FloatVector logits = FloatVector.fromArray(SPECIES, s, row + i).mul(scale);
        FloatVector logP = logits.sub(FloatVector.fromArray(SPECIES, rowLse.array(), lses + i));
        FloatVector logQ = logits.sub(lse);
        var noImage =
            FloatVector.fromArray(SPECIES, rowFactor.array(), factors + i)
                .compare(VectorOperators.EQ, 0);
        FloatVector p = VectorMath.exp(logP);
        FloatVector q = VectorMath.exp(logQ).blend(0, noImage);
        entropy = q.fma(logQ, p.fma(logP, entropy));
        p.add(q).mul(weight).intoArray(s, row + i);
      }
      entropy.intoArray(lanes.array(), lanes.offset());
      return Lanes.sum(lanes.array(), lanes.offset(), Lanes.COUNT);
    }

    private void subtractTargets(int chunk, int block, int text) {
      int row = tile.offset() + text * tiles.chunkWidth;
      int firstImage = chunk * tiles.chunkImages;
      int column = block * tiles.blockTexts + text;
      float target = 2 * weight / positives.count(column);
      int to = positives.from(column, firstImage + tiles.images(chunk));
      for (int place = positives.from(column, firstImage); place < to; place++) {
        tile.array()[row + positives.row(place) - firstImage] -= target;
      }
    }

    /** dv of the block's texts (+)= scale · g·u, over the images of the chunk. */
    private void multiplyImages(int chunk, int block) {
      int texts = tiles.texts(block);
      int images = tiles.images(chunk);
      int count = TileKernels.count(texts);
      for (int p = 0; p < Panels.count(d.d()); p++) {
        for (int t = 0; t < count; t++) {
          int row = TileKernels.begin(texts, t);
          TileKernels.run(
              TileKernels.begin(texts, t + 1) - row,
              tile.array(),
              tile.offset() + row * tiles.chunkWidth,
              tiles.chunkWidth,
              imagePanels.array(),
              imagePanels.offset() + p * images * COLUMNS,
              dv.array(),
              dv.offset() + row * d.width() + p * COLUMNS,
              d.width(),
              images,
              false);
        }
      }
      Floats target = dText.slice(block * tiles.blockTexts * d.d(), texts * d.d());
      if (chunk == 0) {
        target.fill(0);
      }
      for (int text = 0; text < texts; text++) {
        int from = dv.offset() + text * d.width();
        int to = target.offset() + text * d.d();
        for (int c = 0; c < d.d(); c += Lanes.COUNT) {
          var in = Lanes.below(c, d.d());
          FloatVector.fromArray(SPECIES, dv.array(), from + c)
              .fma(
                  FloatVector.broadcast(SPECIES, scale),
                  FloatVector.fromArray(SPECIES, target.array(), to + c, in))
              .intoArray(target.array(), to + c, in);
        }
      }
    }

    /** du of the chunk's images (+)= gᵀ·v, over the texts of the block. */
    private void multiplyTexts(int chunk, int block, boolean accumulate) {
      int texts = tiles.texts(block);
      int images = tiles.images(chunk);
      Panels.pack(
          tiles.v.array(),
          tiles.v.offset() + block * tiles.blockTexts * d.d(),
          d.d(),
          d.d(),
          texts,
          textPanels.array(),
          textPanels.offset());
      Panels.transpose(
          tile.array(),
          tile.offset(),
          tiles.chunkWidth,
          texts,
          images,
          transposed.array(),
          transposed.offset(),
          tiles.blockTexts);
      int count = TileKernels.count(images);
      for (int p = 0; p < Panels.count(d.d()); p++) {
        for (int t = 0; t < count; t++) {
          int image = TileKernels.begin(images, t);
          TileKernels.run(
              TileKernels.begin(images, t + 1) - image,
              transposed.array(),
              transposed.offset() + image * tiles.blockTexts,
              tiles.blockTexts,
              textPanels.array(),
              textPanels.offset() + p * texts * COLUMNS,
              du.array(),
              du.offset() + image * d.width() + p * COLUMNS,
              d.width(),
              texts,
              accumulate);
        }
      }
    }
  }
}
