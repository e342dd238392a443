package dev.diptych.kernels.contrastive;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;

import dev.diptych.kernels.l2normalize.L2NormalizeCpu;
import dev.diptych.kernels.l2normalize.L2NormalizeDims;
import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.matmul.TileKernels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;

/**
 * The products u_i·v_j, a tile at a time: a chunk of images is packed once as panels, and the rows
 * of any texts are multiplied with them in place. A tile is text by image (v·uᵀ), so that what
 * belongs to an image runs along the vectors, and what belongs to a text along the rows.
 */
final class SimilarityTiles {
  final ContrastiveDims d;

  /** (N, D): images and texts, of length one if the loss normalises. */
  final Floats u;

  final Floats v;

  /** (N): 1/‖row‖ of the images and texts as they came; empty if the loss does not normalise. */
  final Floats imageInverseNorm;

  final Floats textInverseNorm;

  /** The cut of {@link #d}, worked out once. */
  final int chunkImages;

  final int chunkWidth;
  final int blockTexts;

  private final Floats panels;

  /** Normalises the rows if need be, into memory of {@code scratch}. */
  SimilarityTiles(ContrastiveDims d, Floats image, Floats text, Scratch scratch) {
    this.d = d;
    chunkImages = d.chunkImages();
    chunkWidth = d.chunkWidth();
    blockTexts = d.blockTexts();
    imageInverseNorm = scratch.take(d.normalize() ? d.n() : 0);
    textInverseNorm = scratch.take(d.normalize() ? d.n() : 0);
    if (d.normalize()) {
      u = scratch.take(d.n() * d.d());
      v = scratch.take(d.n() * d.d());
      L2NormalizeDims rows = new L2NormalizeDims(d.n(), d.d());
      L2NormalizeCpu.forward(rows, image, u, imageInverseNorm);
      L2NormalizeCpu.forward(rows, text, v, textInverseNorm);
    } else {
      u = image;
      v = text;
    }
    panels = scratch.take(Panels.length(d.chunkImages(), d.d()));
  }

  /** The images of a chunk: how many there are from {@code chunk·chunkImages} on. */
  int images(int chunk) {
    return Math.min(chunkImages, d.n() - chunk * chunkImages);
  }

  /** The texts of a block: how many there are from {@code block·blockTexts} on. */
  int texts(int block) {
    return Math.min(blockTexts, d.n() - block * blockTexts);
  }

  /** Packs the images of a chunk for {@link #multiply}. */
  void pack(int chunk) {
    int images = images(chunk);
    int begin = u.offset() + chunk * chunkImages * d.d();
    Parallel.run(
        Panels.count(images),
        p ->
            Panels.packPanelTransposed(
                u.array(),
                begin + p * COLUMNS * d.d(),
                d.d(),
                Math.min(COLUMNS, images - p * COLUMNS),
                d.d(),
                panels.array(),
                panels.offset() + p * d.d() * COLUMNS));
  }

  /**
   * tile[j][i] = v_j·u_i for the texts of a block and the packed chunk of images, 0 for the images
   * past the chunk's end that fill the last panel.
   *
   * @param tile (blockTexts, chunkWidth), written
   */
  void multiply(int chunk, int block, Floats tile) {
    int texts = texts(block);
    int vBegin = v.offset() + block * blockTexts * d.d();
    int count = TileKernels.count(texts);
    for (int p = 0; p < Panels.count(images(chunk)); p++) {
      for (int t = 0; t < count; t++) {
        int row = TileKernels.begin(texts, t);
        TileKernels.run(
            TileKernels.begin(texts, t + 1) - row,
            v.array(),
            vBegin + row * d.d(),
            d.d(),
            panels.array(),
            panels.offset() + p * d.d() * COLUMNS,
            tile.array(),
            tile.offset() + row * chunkWidth + p * COLUMNS,
            chunkWidth,
            d.d(),
            false);
      }
    }
  }
}
