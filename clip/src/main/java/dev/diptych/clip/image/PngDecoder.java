package dev.diptych.clip.image;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import javax.imageio.ImageReader;

/**
 * PNG as Pillow's {@code convert("RGB")} sees it: palettes looked up, grey repeated, 16 bits cut to
 * the upper 8, alpha and transparent colours ignored, no gamma and no profile applied.
 */
final class PngDecoder {
  private static final int IHDR = 0x49484452;
  private static final int PLTE = 0x504c5445;
  private static final int IDAT = 0x49444154;
  private static final int IEND = 0x49454e44;
  private static final int EXIF = 0x65584966;

  /** Deflate makes 258 bytes of two bits at best: nothing shrinks to less than 1/1032. */
  private static final long DEFLATE_LIMIT = 1032;

  private final String name;
  private final byte[] file;
  private final byte[] essence;
  private int orientation = 1;

  PngDecoder(byte[] file, String name) {
    this.file = file;
    this.name = name;
    this.essence = essence();
  }

  int width() {
    return ByteBuffer.wrap(file).getInt(16);
  }

  int height() {
    return ByteBuffer.wrap(file).getInt(20);
  }

  int orientation() {
    return orientation;
  }

  /** Checks every chunk and keeps those that make the pixels. */
  private byte[] essence() {
    var kept = new ByteArrayOutputStream(file.length);
    kept.write(file, 0, 8);
    ByteBuffer buffer = ByteBuffer.wrap(file);
    long dataBytes = 0;
    for (int at = 8; ; ) {
      if (at > file.length - 12) {
        throw Refusal.truncated(name, "PNG", "no end mark in its " + file.length + " bytes");
      }
      long length = buffer.getInt(at) & 0xffffffffL;
      int type = buffer.getInt(at + 4);
      if (at == 8 && (type != IHDR || length != 13)) {
        throw Refusal.corrupt(name, "PNG", "it does not begin with a header (IHDR)");
      }
      if (length > file.length - at - 12) {
        throw Refusal.truncated(
            name,
            "PNG",
            "chunk at byte " + at + " should have " + length + " of " + file.length + " bytes");
      }
      int size = (int) length + 12;
      boolean essential = type == IHDR || type == PLTE || type == IDAT || type == IEND;
      if (essential) {
        var crc = new CRC32();
        crc.update(file, at + 4, size - 8);
        if ((int) crc.getValue() != buffer.getInt(at + size - 4)) {
          throw Refusal.corrupt(name, "PNG", "wrong checksum of the chunk at byte " + at);
        }
        kept.write(file, at, size);
      } else if (type == EXIF) {
        orientation = JpegHeader.orientation(buffer.slice(at + 8, (int) length));
      }
      if (type == IDAT) {
        dataBytes += length;
      }
      if (type == IEND) {
        checkAmount(dataBytes, buffer);
        return kept.toByteArray();
      }
      at += size;
    }
  }

  private void checkAmount(long dataBytes, ByteBuffer buffer) {
    int channels =
        switch (file[25]) {
          case 0, 3 -> 1;
          case 2 -> 3;
          case 4 -> 2;
          case 6 -> 4;
          default -> throw Refusal.corrupt(name, "PNG", "colour type " + file[25]);
        };
    long width = buffer.getInt(16);
    long height = buffer.getInt(20);
    long needed = (width * channels * file[24] + 7) / 8 * height;
    if (needed / DEFLATE_LIMIT > dataBytes) {
      throw Refusal.truncated(
          name, "PNG", dataBytes + " bytes cannot hold " + width + "×" + height + " pixels");
    }
  }

  Picture decode() {
    try {
      ImageReader reader = ImageReaders.png(essence);
      try {
        BufferedImage image = reader.read(0);
        return Rasters.toPicture(image);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      throw Refusal.corrupt(name, "PNG", e);
    }
  }
}
