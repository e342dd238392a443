package dev.diptych.clip.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.StringTokenizer;

/**
 * A key frame of VP8, the pixels of lossy WebP (RFC 6386), with the smooth upsampling of colour
 * that libwebp and so Pillow use. TwelveMonkeys 3.14 predicts from filtered samples, which tints
 * pictures green and adds up, and repeats colour samples: hence a decoder of our own.
 */
final class Vp8Decoder {
  private static final int[] SMALL_MODES = new int[900];
  private static final int[] DEFAULTS = new int[1056];
  private static final int[] UPDATES = new int[1056];
  private static final int[] DC = new int[128];
  private static final int[] AC = new int[128];

  static {
    try (InputStream in = Vp8Decoder.class.getResourceAsStream("vp8-tables.txt")) {
      var text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
      var numbers = new StringTokenizer(text.replaceAll("(?m)^#.*$", ""));
      for (int[] table : new int[][] {DEFAULTS, UPDATES, SMALL_MODES, DC, AC}) {
        for (int i = 0; i < table.length; i++) {
          table[i] = Integer.parseInt(numbers.nextToken());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final String name;
  private final byte[] file;
  private final int end;
  private final int width;
  private final int height;
  private final int columns;
  private final int rows;
  private final Vp8BitReader in;
  private final Vp8BitReader[] parts;
  private final int[] segmentQuantiser = new int[4];
  private final int[] segmentFilter = new int[4];
  private final int[] segmentProbabilities = {255, 255, 255};
  private final int[][] factors = new int[4][6];
  private final int[] probabilities = new int[1056];
  private final Vp8Plane luma;
  private final Vp8Plane blue;
  private final Vp8Plane red;
  private final int[] edge = new int[13];

  /** For each macroblock: filter level, plus 64 if edges inside are filtered too. */
  private final byte[] filters;

  private boolean segmented;
  private boolean segmentMap;
  private boolean absolute = true;
  private boolean simpleFilter;
  private int filterLevel;
  private int sharpness;
  private int referenceDelta;
  private int smallDelta;
  private int skipProbability = -1;

  /** Reads the headers of the frame in {@code file} from {@code at} to {@code end}. */
  Vp8Decoder(byte[] file, int at, int end, String name) {
    this.file = file;
    this.end = end;
    this.name = name;
    int tag = u24(at);
    if ((tag & 1) != 0 || ((tag >> 1) & 7) > 3 || u24(at + 3) != 0x2a019d) {
      throw Refusal.corrupt(name, "WebP", "no VP8 key frame at byte " + at);
    }
    width = (u24(at + 6) & 0xffff) & 0x3fff;
    height = (u24(at + 7) >> 8) & 0x3fff;
    int second = at + 10 + (tag >> 5);
    if (second > end) {
      throw Refusal.truncated(name, "WebP", "the first part should end at byte " + second);
    }
    columns = (width + 15) >> 4;
    rows = (height + 15) >> 4;
    in = new Vp8BitReader(file, at + 10, second);
    in.number(2);
    readSegments();
    readFilter();
    parts = parts(second);
    readFactors();
    in.flag();
    for (int i = 0; i < probabilities.length; i++) {
      probabilities[i] = in.bit(UPDATES[i]) != 0 ? in.number(8) : DEFAULTS[i];
    }
    if (in.flag()) {
      skipProbability = in.number(8);
    }
    luma = new Vp8Plane(16 * columns, 16 * rows);
    blue = new Vp8Plane(8 * columns, 8 * rows);
    red = new Vp8Plane(8 * columns, 8 * rows);
    filters = new byte[columns * rows];
  }

  private int u24(int at) {
    return (file[at] & 0xff) | ((file[at + 1] & 0xff) << 8) | ((file[at + 2] & 0xff) << 16);
  }

  private void readSegments() {
    segmented = in.flag();
    if (!segmented) {
      return;
    }
    segmentMap = in.flag();
    if (in.flag()) {
      absolute = in.flag();
      for (int i = 0; i < 4; i++) {
        segmentQuantiser[i] = in.optionalSigned(7);
      }
      for (int i = 0; i < 4; i++) {
        segmentFilter[i] = in.optionalSigned(6);
      }
    }
    if (segmentMap) {
      for (int i = 0; i < 3; i++) {
        segmentProbabilities[i] = in.flag() ? in.number(8) : 255;
      }
    }
  }

  private void readFilter() {
    simpleFilter = in.flag();
    filterLevel = in.number(6);
    sharpness = in.number(3);
    boolean deltas = in.flag();
    if (deltas && in.flag()) {
      for (int i = 0; i < 8; i++) {
        int delta = in.optionalSigned(6);
        if (i == 0) {
          referenceDelta = delta;
        } else if (i == 4) {
          smallDelta = delta;
        }
      }
    }
  }

  private Vp8BitReader[] parts(int sizes) {
    var readers = new Vp8BitReader[1 << in.number(2)];
    int from = sizes + 3 * (readers.length - 1);
    if (from >= end) {
      throw Refusal.truncated(name, "WebP", "the second part should begin at byte " + from);
    }
    for (int i = 0; i < readers.length; i++) {
      boolean last = i == readers.length - 1;
      int to = last ? end : Math.min(from + u24(sizes + 3 * i), end);
      readers[i] = new Vp8BitReader(file, from, to);
      from = to;
    }
    return readers;
  }

  /** RFC 6386, section 9.6. */
  private void readFactors() {
    int base = in.number(7);
    int[] deltas = new int[5];
    for (int i = 0; i < 5; i++) {
      deltas[i] = in.optionalSigned(4);
    }
    for (int i = 0; i < 4; i++) {
      int q = segmented ? segmentQuantiser[i] + (absolute ? 0 : base) : base;
      factors[i][0] = DC[clip(q + deltas[0], 127)];
      factors[i][1] = AC[clip(q, 127)];
      factors[i][2] = 2 * DC[clip(q + deltas[1], 127)];
      factors[i][3] = Math.max(AC[clip(q + deltas[2], 127)] * 155 / 100, 8);
      factors[i][4] = DC[clip(q + deltas[3], 117)];
      factors[i][5] = AC[clip(q + deltas[4], 127)];
    }
  }

  private static int clip(int v, int most) {
    return Math.clamp(v, 0, most);
  }

  Picture decode() {
    var residuals = new Vp8Residuals(probabilities, columns);
    byte[] aboveModes = new byte[4 * columns];
    byte[] leftModes = new byte[4];
    int[] modes = new int[16];
    for (int row = 0; row < rows; row++) {
      Vp8BitReader tokens = parts[row & (parts.length - 1)];
      residuals.beginRow();
      java.util.Arrays.fill(leftModes, (byte) 0);
      for (int column = 0; column < columns; column++) {
        int segment = segmentMap ? readSegment() : 0;
        boolean skipped = skipProbability >= 0 && in.bit(skipProbability) != 0;
        boolean small = in.bit(145) == 0;
        readModes(small, aboveModes, 4 * column, leftModes, modes);
        int chroma = Vp8Modes.readChroma(in);
        boolean any = false;
        if (skipped) {
          residuals.skip(column, small);
        } else {
          any = residuals.read(tokens, column, small, factors[segment]);
        }
        if (in.exhausted() || tokens.exhausted()) {
          throw Refusal.truncated(name, "WebP", "it ends at row " + 16 * row + " of " + height);
        }
        reconstruct(column, row, small, modes, chroma, residuals.coefficients, any);
        int level = level(segment, small);
        filters[row * columns + column] = (byte) (level + (small || any ? 64 : 0));
      }
    }
    if (filterLevel != 0) {
      filter();
    }
    return Vp8Colours.toPicture(luma, blue, red, width, height);
  }

  private int readSegment() {
    return in.bit(segmentProbabilities[0]) == 0
        ? in.bit(segmentProbabilities[1])
        : 2 + in.bit(segmentProbabilities[2]);
  }

  private void readModes(boolean small, byte[] above, int at, byte[] left, int[] modes) {
    if (!small) {
      modes[0] = Vp8Modes.readLuma(in);
      java.util.Arrays.fill(above, at, at + 4, (byte) modes[0]);
      java.util.Arrays.fill(left, (byte) modes[0]);
      return;
    }
    for (int i = 0; i < 16; i++) {
      int x = at + (i & 3);
      int y = i >> 2;
      modes[i] = Vp8Modes.readSmall(in, SMALL_MODES, 9 * (10 * above[x] + left[y]));
      above[x] = left[y] = (byte) modes[i];
    }
  }

  private void reconstruct(
      int column,
      int row,
      boolean small,
      int[] modes,
      int chroma,
      short[] coefficients,
      boolean any) {
    int x = 16 * column;
    int y = 16 * row;
    if (!small) {
      luma.predictBlock(modes[0], x, y, 16);
    }
    for (int i = 0; i < 16; i++) {
      int to = luma.at(x + 4 * (i & 3), y + 4 * (i >> 2));
      if (small) {
        collectEdge(to, i, column, luma.at(x, y));
        luma.predictSmall(modes[i], to, edge);
      }
      if (any) {
        luma.addTransform(coefficients, 16 * i, to);
      }
    }
    blue.predictBlock(chroma, x / 2, y / 2, 8);
    red.predictBlock(chroma, x / 2, y / 2, 8);
    for (int i = 0; any && i < 4; i++) {
      int to = blue.at(x / 2 + 4 * (i & 1), y / 2 + 4 * (i >> 1));
      blue.addTransform(coefficients, 16 * (16 + i), to);
      red.addTransform(coefficients, 16 * (20 + i), to);
    }
  }

  private void collectEdge(int to, int block, int column, int macro) {
    int stride = luma.stride;
    for (int i = 0; i < 4; i++) {
      edge[i] = luma.get(to + (3 - i) * stride - 1);
    }
    for (int i = 0; i < 5; i++) {
      edge[4 + i] = luma.get(to - stride - 1 + i);
    }
    boolean last = (block & 3) == 3;
    for (int i = 0; i < 4; i++) {
      int from = last ? macro - stride + 16 + i : to - stride + 4 + i;
      if (last && column == columns - 1 && macro >= 17 * stride) {
        from = macro - stride + 15; // nothing stands at the right: libwebp repeats the last one
      }
      edge[9 + i] = luma.get(from);
    }
  }

  /** RFC 6386, section 9.6 (segments) and 9.3 (deltas). */
  private int level(int segment, boolean small) {
    int level = segmented ? segmentFilter[segment] + (absolute ? 0 : filterLevel) : filterLevel;
    level += referenceDelta + (small ? smallDelta : 0);
    return Math.clamp(level, 0, 63);
  }

  private void filter() {
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        int level = filters[row * columns + column] & 63;
        if (level > 0) {
          boolean inside = (filters[row * columns + column] & 64) != 0;
          int inner = sharpness > 4 ? level >> 2 : sharpness > 0 ? level >> 1 : level;
          if (sharpness > 0) {
            inner = Math.min(inner, 9 - sharpness);
          }
          inner = Math.max(inner, 1);
          filterPlane(luma, 16, column, row, level, inner, inside);
          if (!simpleFilter) {
            filterPlane(blue, 8, column, row, level, inner, inside);
            filterPlane(red, 8, column, row, level, inner, inside);
          }
        }
      }
    }
  }

  private void filterPlane(
      Vp8Plane plane, int size, int column, int row, int level, int inner, boolean inside) {
    int at = plane.at(size * column, size * row);
    if (column > 0) {
      edge(plane, at, 1, plane.stride, size, level, inner, true);
    }
    for (int i = 4; inside && i < size; i += 4) {
      edge(plane, at + i, 1, plane.stride, size, level, inner, false);
    }
    if (row > 0) {
      edge(plane, at, plane.stride, 1, size, level, inner, true);
    }
    for (int i = 4; inside && i < size; i += 4) {
      edge(plane, at + i * plane.stride, plane.stride, 1, size, level, inner, false);
    }
  }

  private void edge(
      Vp8Plane plane,
      int at,
      int across,
      int along,
      int size,
      int level,
      int inner,
      boolean macro) {
    int limit = 2 * level + inner + (macro ? 4 : 0);
    if (simpleFilter) {
      Vp8LoopFilter.simple(plane.samples, at, across, along, size, limit);
    } else {
      int variance = level >= 40 ? 2 : level >= 15 ? 1 : 0;
      Vp8LoopFilter.normal(plane.samples, at, across, along, size, limit, inner, variance, macro);
    }
  }
}
