package dev.diptych.clip.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.zip.CRC32;
import java.util.zip.Deflater;

/** Packs a picture as PNG: 8 bits a channel, no window system needed, the same bytes every time. */
public final class PngEncoder {
  private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};

  private PngEncoder() {}

  /** The bytes of the file. */
  public static byte[] encode(Picture picture) {
    ByteBuffer header = ByteBuffer.allocate(13);
    header.putInt(picture.width()).putInt(picture.height());
    header.put((byte) 8).put((byte) 2); // 8 bits a channel, RGB
    int stride = picture.width() * 3;
    byte[] rows = new byte[picture.height() * (stride + 1)]; // each row begins with filter 0
    for (int row = 0; row < picture.height(); row++) {
      System.arraycopy(picture.rgb(), row * stride, rows, row * (stride + 1) + 1, stride);
    }
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(SIGNATURE);
    chunk("IHDR", header.array(), out);
    chunk("IDAT", deflate(rows), out);
    chunk("IEND", new byte[0], out);
    return out.toByteArray();
  }

  /** The picture as a data URI, for a page that needs no other file. */
  public static String dataUri(Picture picture) {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(encode(picture));
  }

  private static byte[] deflate(byte[] bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    try (Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION)) {
      deflater.setInput(bytes);
      deflater.finish();
      while (!deflater.finished()) {
        out.write(buffer, 0, deflater.deflate(buffer));
      }
    }
    return out.toByteArray();
  }

  private static void chunk(String type, byte[] data, ByteArrayOutputStream out) {
    byte[] name = type.getBytes(StandardCharsets.US_ASCII);
    CRC32 check = new CRC32();
    check.update(name);
    check.update(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt(data.length).array());
    out.writeBytes(name);
    out.writeBytes(data);
    out.writeBytes(ByteBuffer.allocate(4).putInt((int) check.getValue()).array());
  }
}
