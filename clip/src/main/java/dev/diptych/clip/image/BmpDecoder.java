package dev.diptych.clip.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageReader;

/** Windows bitmaps, uncompressed or run-length coded; alpha is dropped. */
final class BmpDecoder {
  private final byte[] file;
  private final String name;
  private final int width;
  private final int height;
  private final int bits;
  private final int compression;
  private final long start;

  BmpDecoder(byte[] file, String name) {
    this.file = file;
    this.name = name;
    ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (file.length < 30) {
      throw Refusal.truncated(name, "BMP", "a header in " + file.length + " bytes");
    }
    boolean old = buffer.getInt(14) == 12;
    if (!old && file.length < 54) {
      throw Refusal.truncated(name, "BMP", "a header in " + file.length + " bytes");
    }
    width = old ? buffer.getShort(18) & 0xffff : buffer.getInt(18);
    height = old ? buffer.getShort(20) & 0xffff : Math.abs(buffer.getInt(22));
    bits = old ? buffer.getShort(24) : buffer.getShort(28);
    start = buffer.getInt(10) & 0xffffffffL;
    compression = old ? 0 : buffer.getInt(30);
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  Picture decode() {
    // Run-length coding (1 and 2) shrinks 255 pixels to two bytes at best.
    boolean runs = compression == 1 || compression == 2;
    long rows = runs ? (long) width * height / 128 : ((long) width * bits + 31) / 32 * 4 * height;
    if (start + rows > file.length) {
      throw Refusal.truncated(
          name, "BMP", file.length + " bytes cannot hold " + width + "×" + height + " pixels");
    }
    try {
      ImageReader reader = ImageReaders.bmp(file);
      try {
        return Rasters.toPicture(reader.read(0));
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      throw Refusal.corrupt(name, "BMP", e);
    }
  }
}
