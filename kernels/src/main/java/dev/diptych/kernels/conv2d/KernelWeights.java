package dev.diptych.kernels.conv2d;

import static dev.diptych.kernels.matmul.TileKernels.COLUMNS;

import dev.diptych.kernels.matmul.PackedMatrix;
import dev.diptych.kernels.matmul.Panels;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.util.Arrays;

/**
 * The weights (O, C, KH, KW) of checkpoints, packed as the right side of im2col·W': row (u, v,
 * channel of the source), column channel of the target.
 */
final class KernelWeights {
  private KernelWeights() {}

  /** For y: a column for each o, its numbers ordered by u, v, c. */
  static PackedMatrix forward(Conv2dDims d, Floats w, float[] panels) {
    int places = d.kernelHeight() * d.kernelWidth();
    return pack(w, d.o(), d.c(), places, d.c() * places, places, false, panels);
  }

  /** For dx: a column for each c, its numbers ordered by u, v, o, with u and v from the end. */
  static PackedMatrix backward(Conv2dDims d, Floats w, float[] panels) {
    int places = d.kernelHeight() * d.kernelWidth();
    return pack(w, d.c(), d.o(), places, places, d.c() * places, true, panels);
  }

  /** Floats that either packing takes. */
  static int length(Conv2dDims d) {
    int places = d.kernelHeight() * d.kernelWidth();
    return Math.max(Panels.length(d.o(), places * d.c()), Panels.length(d.c(), places * d.o()));
  }

  private static PackedMatrix pack(
      Floats w,
      int columns,
      int channels,
      int places,
      int columnStride,
      int channelStride,
      boolean turned,
      float[] panels) {
    int depth = places * channels;
    float[] source = w.array();
    Parallel.rows(
        Panels.count(columns),
        Parallel.rowsPerTask(depth * COLUMNS),
        (begin, end) -> {
          for (int p = begin; p < end; p++) {
            int j = p * COLUMNS;
            int used = Math.min(COLUMNS, columns - j);
            int panel = p * depth * COLUMNS;
            if (used < COLUMNS) {
              Arrays.fill(panels, panel, panel + depth * COLUMNS, 0);
            }
            for (int channel = 0; channel < channels; channel++) {
              int from = w.offset() + j * columnStride + channel * channelStride;
              for (int place = 0; place < places; place++) {
                int row = (turned ? places - 1 - place : place) * channels + channel;
                copyStrided(
                    source, from + place, columnStride, panels, panel + row * COLUMNS, used);
              }
            }
          }
        });
    return PackedMatrix.of(columns, depth, panels);
  }

  private static void copyStrided(
      float[] source, int from, int stride, float[] target, int to, int count) {
    for (int i = 0; i < count; i++) {
      target[to + i] = source[from + i * stride];
    }
  }

  /** dw_o,c,u,v += gradient_o,(u,v,c). */
  static void addGradient(Conv2dDims d, Floats gradient, Floats dw) {
    int places = d.kernelHeight() * d.kernelWidth();
    float[] from = gradient.array();
    float[] to = dw.array();
    Parallel.rows(
        d.o(),
        Parallel.rowsPerTask(d.depth()),
        (begin, end) -> {
          for (int o = begin; o < end; o++) {
            int target = dw.offset() + o * d.depth();
            int source = gradient.offset() + o * d.depth();
            for (int c = 0; c < d.c(); c++) {
              for (int place = 0; place < places; place++) {
                to[target + c * places + place] += from[source + place * d.c() + c];
              }
            }
          }
        });
  }
}
