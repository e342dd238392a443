package dev.diptych.clip.image;

import com.twelvemonkeys.imageio.plugins.webp.WebPImageReaderSpi;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The (first) picture of a WebP file without its alpha. The container is walked here and only the
 * coded pixels go to the reader, which else would apply colour profiles that Pillow leaves alone.
 */
final class WebpDecoder {
  private static final int VP8X = tag("VP8X");
  private static final int VP8 = tag("VP8 ");
  private static final int VP8L = tag("VP8L");
  private static final int ANMF = tag("ANMF");
  private static final int EXIF = tag("EXIF");

  private final ByteBuffer file;
  private final String name;
  private int width;
  private int height;
  private int frameX;
  private int frameY;
  private int frameWidth;
  private int frameHeight;
  private int codedAt;
  private int orientation = 1;

  WebpDecoder(byte[] bytes, String name) {
    this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    this.name = name;
    if (bytes.length < 20) {
      throw Refusal.truncated(name, "WebP", "a header in " + bytes.length + " bytes");
    }
    long end = (file.getInt(4) & 0xffffffffL) + 8;
    if (end > bytes.length) {
      throw Refusal.truncated(
          name, "WebP", "it should have " + end + " bytes and has " + bytes.length);
    }
    walk(12, (int) end);
    if (codedAt == 0) {
      throw Refusal.corrupt(name, "WebP", "no picture (VP8 or VP8L) in it");
    }
  }

  int width() {
    return width;
  }

  int height() {
    return height;
  }

  int orientation() {
    return orientation;
  }

  private void walk(int from, int end) {
    for (int at = from; at + 8 <= end; ) {
      int type = file.getInt(at);
      long size = file.getInt(at + 4) & 0xffffffffL;
      int body = at + 8;
      if (size > end - body) {
        throw Refusal.truncated(
            name, "WebP", "chunk at byte " + at + " should have " + size + " bytes");
      }
      if (type == VP8X && size >= 10) {
        width = 1 + u24(body + 4);
        height = 1 + u24(body + 7);
      } else if (type == ANMF && size >= 16 && codedAt == 0) {
        frameX = 2 * u24(body);
        frameY = 2 * u24(body + 3);
        walk(body + 16, body + (int) size);
      } else if ((type == VP8 || type == VP8L) && codedAt == 0) {
        codedAt = at;
        frameSize(type, body, (int) size);
      } else if (type == EXIF) {
        int skip = size >= 6 && file.getInt(body) == tag("Exif") ? 6 : 0;
        orientation = JpegHeader.orientation(file.slice(body + skip, (int) size - skip));
      }
      at = body + (int) size + (int) (size & 1);
    }
  }

  private void frameSize(int type, int body, int size) {
    if (size < 10) {
      throw Refusal.truncated(name, "WebP", size + " bytes of pixels");
    }
    if (type == VP8L) {
      int bits = file.getInt(body + 1);
      frameWidth = 1 + (bits & 0x3fff);
      frameHeight = 1 + ((bits >> 14) & 0x3fff);
    } else {
      frameWidth = file.getShort(body + 6) & 0x3fff;
      frameHeight = file.getShort(body + 8) & 0x3fff;
    }
    if (frameWidth == 0 || frameHeight == 0) {
      throw Refusal.corrupt(name, "WebP", "a frame of " + frameWidth + "×" + frameHeight);
    }
    if (width == 0) {
      width = frameWidth;
      height = frameHeight;
    }
    if (frameX + frameWidth > width || frameY + frameHeight > height) {
      throw Refusal.corrupt(
          name,
          "WebP",
          frameWidth + "×" + frameHeight + " pixels on a canvas of " + width + "×" + height);
    }
  }

  Picture decode() {
    Picture frame = frame();
    if (frame.width() == width && frame.height() == height) {
      return frame;
    }
    byte[] rgb = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
    for (int y = 0; y < frame.height(); y++) {
      int to = 3 * ((frameY + y) * width + frameX);
      System.arraycopy(frame.rgb(), 3 * y * frame.width(), rgb, to, 3 * frame.width());
    }
    return new Picture(width, height, rgb);
  }

  private Picture frame() {
    int size = file.getInt(codedAt + 4);
    if (file.getInt(codedAt) == VP8) {
      return new Vp8Decoder(file.array(), codedAt + 8, codedAt + 8 + size, name).decode();
    }
    byte[] simple = new byte[20 + size + (size & 1)];
    ByteBuffer buffer = ByteBuffer.wrap(simple).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(tag("RIFF")).putInt(simple.length - 8).putInt(tag("WEBP"));
    buffer.put(file.slice(codedAt, 8 + size));
    try {
      ImageReader reader = new WebPImageReaderSpi().createReaderInstance(null);
      try {
        reader.setInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(simple)));
        return Rasters.toPicture(reader.read(0));
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      throw Refusal.corrupt(name, "WebP", e);
    }
  }

  private int u24(int at) {
    return (file.getShort(at) & 0xffff) | ((file.get(at + 2) & 0xff) << 16);
  }

  private static int tag(String letters) {
    return letters.charAt(0)
        | (letters.charAt(1) << 8)
        | (letters.charAt(2) << 16)
        | (letters.charAt(3) << 24);
  }
}
