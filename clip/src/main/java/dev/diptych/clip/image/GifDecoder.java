package dev.diptych.clip.image;

import java.util.Arrays;

/**
 * The first picture of a GIF (GIF89a specification, with Welch's LZW), placed on its screen as
 * Pillow does: what the first frame does not cover has the transparent colour, or colour 0.
 */
final class GifDecoder {
  private static final int CODES = 4096;

  private final byte[] file;
  private final String name;
  private final int screenWidth;
  private final int screenHeight;
  private int at;

  private int transparent = -1;

  GifDecoder(byte[] file, String name) {
    this.file = file;
    this.name = name;
    need(13);
    screenWidth = u16(6);
    screenHeight = u16(8);
  }

  int width() {
    return screenWidth;
  }

  int height() {
    return screenHeight;
  }

  Picture decode() {
    byte[] palette = grey();
    at = 13;
    if ((file[10] & 0x80) != 0) {
      palette = palette(file[10]);
    }
    while (true) {
      need(1);
      int kind = file[at++] & 0xff;
      switch (kind) {
        case 0x2c -> {
          return frame(palette);
        }
        case 0x21 -> extension();
        case 0x3b -> throw Refusal.corrupt(name, "GIF", "it ends without a picture");
        default -> throw Refusal.corrupt(name, "GIF", "no block begins at byte " + (at - 1));
      }
    }
  }

  private void extension() {
    need(1);
    int label = file[at++] & 0xff;
    if (label == 0xf9) {
      need(6);
      transparent = (file[at + 1] & 1) != 0 ? file[at + 4] & 0xff : -1;
    }
    while (true) {
      need(1);
      int size = file[at++] & 0xff;
      if (size == 0) {
        return;
      }
      need(size);
      at += size;
    }
  }

  private Picture frame(byte[] global) {
    need(9);
    int left = u16(at);
    int top = u16(at + 2);
    int width = u16(at + 4);
    int height = u16(at + 6);
    int flags = file[at + 8];
    at += 9;
    if (width < 1 || height < 1 || left + width > screenWidth || top + height > screenHeight) {
      throw Refusal.corrupt(
          name,
          "GIF",
          "frame of "
              + width
              + "×"
              + height
              + " at "
              + left
              + ", "
              + top
              + " on a screen of "
              + screenWidth
              + "×"
              + screenHeight);
    }
    byte[] palette = (flags & 0x80) != 0 ? palette(flags) : global;
    byte[] indices = new byte[width * height];
    unpack(indices);
    byte[] rgb = new byte[Math.multiplyExact(3, screenWidth * screenHeight)];
    if (width < screenWidth || height < screenHeight) {
      int ground = Math.max(transparent, 0);
      for (int i = 0; i < rgb.length; i += 3) {
        System.arraycopy(palette, 3 * ground, rgb, i, 3);
      }
    }
    boolean interlaced = (flags & 0x40) != 0;
    for (int y = 0; y < height; y++) {
      int row = interlaced ? interlacedRow(y, height) : y;
      int to = 3 * ((top + row) * screenWidth + left);
      for (int x = 0; x < width; x++, to += 3) {
        System.arraycopy(palette, 3 * (indices[y * width + x] & 0xff), rgb, to, 3);
      }
    }
    return new Picture(screenWidth, screenHeight, rgb);
  }

  /** Every 8th row from 0, every 8th from 4, every 4th from 2, every 2nd from 1. */
  private static int interlacedRow(int stored, int height) {
    int left = stored;
    int[][] passes = {{0, 8}, {4, 8}, {2, 4}};
    for (int[] pass : passes) {
      int rows = (height - pass[0] + pass[1] - 1) / pass[1];
      if (left < rows) {
        return pass[0] + pass[1] * left;
      }
      left -= Math.max(rows, 0);
    }
    return 1 + 2 * left;
  }

  private void unpack(byte[] indices) {
    need(1);
    int rootBits = file[at++] & 0xff;
    if (rootBits > 11) {
      throw Refusal.corrupt(name, "GIF", "codes of " + rootBits + " bits");
    }
    int clear = 1 << rootBits;
    int end = clear + 1;
    short[] prefix = new short[CODES];
    byte[] suffix = new byte[CODES];
    byte[] stack = new byte[CODES + 1];
    for (int i = 0; i < clear; i++) {
      suffix[i] = (byte) i;
    }
    int width = rootBits + 1;
    int next = end + 1;
    int previous = -1;
    int first = 0;
    long bits = 0;
    int held = 0;
    int block = 0;
    for (int filled = 0; filled < indices.length; ) {
      while (held < width) {
        if (block == 0) {
          need(1);
          block = file[at++] & 0xff;
          if (block == 0) {
            throw Refusal.truncated(
                name, "GIF", "data for " + filled + " of " + indices.length + " pixels");
          }
          need(block);
        }
        bits |= (long) (file[at++] & 0xff) << held;
        held += 8;
        block--;
      }
      int code = (int) bits & ((1 << width) - 1);
      bits >>>= width;
      held -= width;
      if (code == clear) {
        width = rootBits + 1;
        next = end + 1;
        previous = -1;
        continue;
      }
      if (code == end) {
        throw Refusal.truncated(
            name, "GIF", "data for " + filled + " of " + indices.length + " pixels");
      }
      if (code > next || (previous < 0 && code >= clear)) {
        throw Refusal.corrupt(name, "GIF", "code " + code + " before it was made, byte " + at);
      }
      int depth = 0;
      int walk = code;
      if (code == next) {
        stack[depth++] = (byte) first;
        walk = previous;
      }
      while (walk > end) {
        stack[depth++] = suffix[walk];
        walk = prefix[walk];
      }
      first = suffix[walk];
      stack[depth++] = (byte) first;
      while (depth > 0 && filled < indices.length) {
        indices[filled++] = stack[--depth];
      }
      if (previous >= 0 && next < CODES) {
        prefix[next] = (short) previous;
        suffix[next] = (byte) first;
        next++;
        if (next == 1 << width && width < 12) {
          width++;
        }
      }
      previous = code;
    }
  }

  /** 256 colours; those that the file leaves out are black. */
  private byte[] palette(int flags) {
    int bytes = 3 * (2 << (flags & 7));
    need(bytes);
    byte[] palette = Arrays.copyOf(Arrays.copyOfRange(file, at, at + bytes), 3 * 256);
    at += bytes;
    return palette;
  }

  /** What Pillow takes where no palette is given. */
  private static byte[] grey() {
    byte[] palette = new byte[3 * 256];
    for (int i = 0; i < palette.length; i++) {
      palette[i] = (byte) (i / 3);
    }
    return palette;
  }

  private void need(int bytes) {
    if (at + bytes > file.length) {
      throw Refusal.truncated(
          name, "GIF", "byte " + (at + bytes) + " is needed, there are " + file.length);
    }
  }

  private int u16(int from) {
    return (file[from] & 0xff) | ((file[from + 1] & 0xff) << 8);
  }
}
