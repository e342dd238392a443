package dev.diptych.clip.image;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * What stands in a JPEG before its first scan (ITU-T T.81, annex B).
 *
 * @param width columns
 * @param height rows
 * @param components 1 (grey), 3 or 4
 * @param samplings for every component the byte of horizontal (upper 4 bits) and vertical factor
 * @param colours how the components are to be read
 * @param orientation of the Exif block, 1 to 8; 1 where there is none
 * @param stripped the file without its application blocks and comments: what decodes the pixels
 *     then cannot stumble over broken profiles and thumbnails
 */
@SuppressWarnings("ArrayRecordComponent") // read once by the decoder, never compared
record JpegHeader(
    int width,
    int height,
    int components,
    int[] samplings,
    Colours colours,
    int orientation,
    byte[] stripped) {
  enum Colours {
    GREY,
    RGB,
    YCC,
    CMYK,
    YCCK
  }

  private static final int SOS = 0xda;
  private static final int EOI = 0xd9;

  /** Reads the blocks up to the first scan; {@code bytes} begin with FF D8. */
  static JpegHeader read(byte[] bytes, String name) {
    var kept = new ByteArrayOutputStream(bytes.length);
    kept.write(bytes, 0, 2);
    int frame = -1;
    int adobe = -1;
    boolean jfif = false;
    boolean progressive = false;
    int orientation = 1;
    for (int at = 2; ; ) {
      while (at + 1 < bytes.length && (bytes[at] != -1 || bytes[at + 1] == -1)) {
        at++; // libjpeg too skips what is no marker, and the fill bytes before one
      }
      if (at + 3 >= bytes.length) {
        throw Refusal.truncated(name, "JPEG", "no scan in its " + bytes.length + " bytes");
      }
      int marker = bytes[at + 1] & 0xff;
      if (marker == EOI) {
        throw Refusal.corrupt(name, "JPEG", "it ends at byte " + at + " without a scan");
      }
      if (marker == 0 || marker == 1 || (marker >= 0xd0 && marker <= 0xd8)) {
        at += 2;
        continue;
      }
      int body = at + 4;
      int end = at + 2 + u16(bytes, at + 2);
      if (end < body) {
        throw Refusal.corrupt(name, "JPEG", "block at byte " + at + " says a length below 2");
      }
      if (end > bytes.length) {
        throw Refusal.truncated(
            name, "JPEG", "block at byte " + at + " should end at " + end + " of " + bytes.length);
      }
      if (marker == SOS) {
        if (progressive && !hasEnd(bytes, end)) {
          throw Refusal.truncated(
              name, "JPEG", "later scans are missing after " + bytes.length + " bytes");
        }
        kept.write(bytes, at, bytes.length - at);
        break;
      }
      if (marker == 0xe0) {
        jfif |= startsWith(bytes, body, end, "JFIF\0");
      } else if (marker == 0xe1 && startsWith(bytes, body, end, "Exif\0\0")) {
        orientation = orientation(ByteBuffer.wrap(bytes, body + 6, end - body - 6).slice());
      } else if (marker == 0xee && end - body >= 12 && startsWith(bytes, body, end, "Adobe")) {
        adobe = bytes[body + 11] & 0xff;
      } else if (isFrame(marker)) {
        if (marker > 0xc2) {
          throw Refusal.unsupported(
              name, "JPEG", "its coding (SOF" + (marker - 0xc0) + ": lossless or arithmetic)");
        }
        frame = body;
        progressive = marker == 0xc2;
        if (end - body < 6 || end - body < 6 + 3 * (bytes[body + 5] & 0xff)) {
          throw Refusal.corrupt(name, "JPEG", "frame header at byte " + at + " is too short");
        }
      }
      if (marker < 0xe0 || (marker > 0xef && marker != 0xfe)) {
        kept.write(bytes, at, end - at);
      }
      at = end;
    }
    if (frame < 0) {
      throw Refusal.corrupt(name, "JPEG", "a scan before any frame header");
    }
    return frame(bytes, frame, jfif, adobe, orientation, kept.toByteArray(), name);
  }

  /**
   * Whether scans and blocks from {@code at} lead to an end mark. A progressive picture that lacks
   * whole scans decodes without complaint, only coarsely; a sequential one is found out by what its
   * last rows lack, and may lack the mark.
   */
  private static boolean hasEnd(byte[] bytes, int at) {
    while (at + 1 < bytes.length) {
      int marker = bytes[at + 1] & 0xff;
      if (bytes[at] != -1 || marker == 0 || marker == 0xff || (marker >= 0xd0 && marker <= 0xd7)) {
        at++;
      } else if (marker == EOI) {
        return true;
      } else if (at + 3 < bytes.length) {
        at += 2 + Math.max(u16(bytes, at + 2), 2);
      } else {
        return false;
      }
    }
    return false;
  }

  private static JpegHeader frame(
      byte[] bytes,
      int frame,
      boolean jfif,
      int adobe,
      int orientation,
      byte[] stripped,
      String name) {
    int precision = bytes[frame] & 0xff;
    int components = bytes[frame + 5] & 0xff;
    if (precision != 8) {
      throw Refusal.unsupported(name, "JPEG", precision + " bits a sample");
    }
    if (components != 1 && components != 3 && components != 4) {
      throw Refusal.unsupported(name, "JPEG", components + " components");
    }
    int[] ids = new int[components];
    int[] samplings = new int[components];
    for (int c = 0; c < components; c++) {
      ids[c] = bytes[frame + 6 + 3 * c] & 0xff;
      samplings[c] = bytes[frame + 7 + 3 * c] & 0xff;
    }
    return new JpegHeader(
        u16(bytes, frame + 3),
        u16(bytes, frame + 1),
        components,
        samplings,
        colours(ids, jfif, adobe),
        orientation,
        stripped);
  }

  /** The rules of libjpeg's default_decompress_parms. */
  private static Colours colours(int[] ids, boolean jfif, int adobe) {
    return switch (ids.length) {
      case 1 -> Colours.GREY;
      case 3 -> {
        boolean named = ids[0] == 'R' && ids[1] == 'G' && ids[2] == 'B';
        yield !jfif && (adobe == 0 || (adobe < 0 && named)) ? Colours.RGB : Colours.YCC;
      }
      default -> adobe <= 0 ? Colours.CMYK : Colours.YCCK;
    };
  }

  private static boolean isFrame(int marker) {
    return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
  }

  /**
   * Tag 0x112 of the first directory of a TIFF block (Exif 2.3, section 4.6.4); 1 if unreadable.
   */
  static int orientation(ByteBuffer tiff) {
    if (tiff.limit() < 8) {
      return 1;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    long directory = tiff.getInt(4) & 0xffffffffL;
    if (directory > tiff.limit() - 2) {
      return 1;
    }
    int entries = tiff.getShort((int) directory) & 0xffff;
    for (int i = 0; i < entries; i++) {
      int at = (int) directory + 2 + 12 * i;
      if (at + 12 > tiff.limit()) {
        return 1;
      }
      if (tiff.getShort(at) == 0x112) {
        int value = tiff.getShort(at + 8) & 0xffff;
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
    return 1;
  }

  private static boolean startsWith(byte[] bytes, int from, int end, String text) {
    byte[] expected = text.getBytes(StandardCharsets.ISO_8859_1);
    return end - from >= expected.length
        && java.util.Arrays.equals(
            bytes, from, from + expected.length, expected, 0, expected.length);
  }

  private static int u16(byte[] bytes, int at) {
    return ((bytes[at] & 0xff) << 8) | (bytes[at + 1] & 0xff);
  }
}
