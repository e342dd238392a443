package dev.diptych.clip.image;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Decodes JPEG, PNG, WebP, GIF (first frame) and BMP to 8-bit RGB, with the pixels that Pillow's
 * {@code Image.open(…).convert("RGB")} gives. The kind is told by the first bytes, not by the name.
 *
 * <p>Exif orientation is not applied unless asked for, as in the original CLIP. A truncated file is
 * an error, never a half-grey picture. Safe for many threads; needs no display and no disk.
 */
public final class PictureDecoder {
  /**
   * What may be decoded, and how.
   *
   * @param maxPixels width · height above which a picture is refused before any memory is taken
   * @param applyOrientation whether the Exif orientation turns the picture
   */
  public record Options(long maxPixels, boolean applyOrientation) {
    /** Up to 178,956,970 pixels, where Pillow too sees a decompression bomb; not turned. */
    public static final Options DEFAULT = new Options(178_956_970, false);
  }

  private static final int WEBP = 0x57454250;

  private PictureDecoder() {}

  /**
   * Reads and decodes a file.
   *
   * @throws PictureException if it cannot be read or decoded
   */
  public static Picture read(Path file) {
    return read(file, Options.DEFAULT);
  }

  /**
   * Reads and decodes a file.
   *
   * @throws PictureException if it cannot be read or decoded
   */
  public static Picture read(Path file, Options options) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException | OutOfMemoryError e) {
      String reason =
          Files.isDirectory(file)
              ? "it is a folder"
              : Files.exists(file) ? String.valueOf(e.getMessage()) : "there is no such file";
      throw new PictureException(file + ": cannot be read: " + reason, e);
    }
    return decode(bytes, file.toString(), options);
  }

  /**
   * Decodes the bytes of a picture file.
   *
   * @param name what messages call it
   * @throws PictureException if it is truncated, corrupt, of an unknown kind, empty or too large
   */
  public static Picture decode(byte[] bytes, String name) {
    return decode(bytes, name, Options.DEFAULT);
  }

  /**
   * Decodes the bytes of a picture file.
   *
   * @param name what messages call it
   * @throws PictureException if it is truncated, corrupt, of an unknown kind, empty or too large
   */
  public static Picture decode(byte[] bytes, String name, Options options) {
    try {
      return decodeChecked(bytes, name, options);
    } catch (OutOfMemoryError e) {
      throw new PictureException(
          name + ": not enough memory to decode it; give Java more (-Xmx) or leave it out", e);
    }
  }

  private static Picture decodeChecked(byte[] bytes, String name, Options options) {
    if (bytes.length == 0) {
      throw new PictureException(name + ": empty: a picture has more than 0 bytes");
    }
    int orientation = 1;
    Picture picture;
    if (isJpeg(bytes)) {
      JpegHeader header = JpegHeader.read(bytes, name);
      checkSize(header.width(), header.height(), name, options);
      picture = JpegDecoder.decode(header, name);
      orientation = header.orientation();
    } else if (isPng(bytes)) {
      if (bytes.length >= 24) {
        checkSize(int32(bytes, 16), int32(bytes, 20), name, options);
      }
      var png = new PngDecoder(bytes, name);
      picture = png.decode();
      orientation = png.orientation();
    } else if (isGif(bytes)) {
      var gif = new GifDecoder(bytes, name);
      checkSize(gif.width(), gif.height(), name, options);
      picture = gif.decode();
    } else if (isWebp(bytes)) {
      var webp = new WebpDecoder(bytes, name);
      checkSize(webp.width(), webp.height(), name, options);
      picture = webp.decode();
      orientation = webp.orientation();
    } else if (isBmp(bytes)) {
      var bmp = new BmpDecoder(bytes, name);
      checkSize(bmp.width(), bmp.height(), name, options);
      picture = bmp.decode();
    } else {
      throw new PictureException(
          name
              + ": no picture that can be read: expected JPEG, PNG, WebP, GIF or BMP, found "
              + describe(bytes));
    }
    return options.applyOrientation ? Orientation.apply(picture, orientation) : picture;
  }

  /**
   * Whether a file is of a kind that is read here, whatever its name; it may yet be damaged.
   *
   * @param start its first 12 bytes, or more
   */
  public static boolean isPicture(byte[] start) {
    return isJpeg(start) || isPng(start) || isGif(start) || isWebp(start) || isBmp(start);
  }

  private static boolean isJpeg(byte[] bytes) {
    return startsWith(bytes, "\u00ff\u00d8\u00ff");
  }

  private static boolean isPng(byte[] bytes) {
    return startsWith(bytes, "\u0089PNG\r\n\u001a\n");
  }

  private static boolean isGif(byte[] bytes) {
    return startsWith(bytes, "GIF87a") || startsWith(bytes, "GIF89a");
  }

  private static boolean isWebp(byte[] bytes) {
    return startsWith(bytes, "RIFF") && bytes.length >= 12 && int32(bytes, 8) == WEBP;
  }

  private static boolean isBmp(byte[] bytes) {
    return startsWith(bytes, "BM");
  }

  private static void checkSize(long width, long height, String name, Options options) {
    if (width < 1 || height < 1) {
      throw new PictureException(
          name + ": corrupt: its header says " + width + "×" + height + " pixels");
    }
    if (width * height > options.maxPixels) {
      throw new PictureException(
          name
              + ": too large: "
              + width
              + "×"
              + height
              + " pixels, the limit is "
              + options.maxPixels
              + " in all; scale it down first");
    }
  }

  private static String describe(byte[] bytes) {
    var text = new StringBuilder(bytes.length + " bytes that begin with");
    boolean readable = true;
    for (int i = 0; i < Math.min(bytes.length, 8); i++) {
      text.append(String.format(" %02x", bytes[i]));
      readable &= bytes[i] >= 32 && bytes[i] < 127;
    }
    if (readable) {
      String start = new String(bytes, 0, Math.min(bytes.length, 8), StandardCharsets.ISO_8859_1);
      text.append(" (\"").append(start).append("\")");
    }
    return text.toString();
  }

  private static boolean startsWith(byte[] bytes, String magic) {
    if (bytes.length < magic.length()) {
      return false;
    }
    for (int i = 0; i < magic.length(); i++) {
      if ((bytes[i] & 0xff) != magic.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static int int32(byte[] bytes, int at) {
    return java.nio.ByteBuffer.wrap(bytes).getInt(at);
  }
}
