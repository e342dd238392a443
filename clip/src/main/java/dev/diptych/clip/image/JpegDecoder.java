package dev.diptych.clip.image;

import java.awt.image.DataBufferByte;
import java.awt.image.Raster;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageReader;

/**
 * JPEG as libjpeg-turbo and Pillow decode it. The JDK's reader gives the samples of every component
 * (its inverse DCT and smooth upsampling are libjpeg's, bit for bit); colours are converted here,
 * since the JDK guesses colour spaces otherwise and knows another CMYK.
 */
final class JpegDecoder {
  private JpegDecoder() {}

  static Picture decode(JpegHeader header, String name) {
    // A block of 64 samples takes a bit at the very least: do not reserve memory for less.
    if ((long) header.width() * header.height() > 512L * header.stripped().length) {
      throw Refusal.truncated(
          name,
          "JPEG",
          header.stripped().length
              + " bytes cannot hold "
              + header.width()
              + "×"
              + header.height()
              + " pixels");
    }
    byte[] samples = samples(header, name);
    if (isHalvedInHeightOnly(header)) {
      smoothColumns(samples, header.width(), header.height());
    }
    byte[] rgb =
        header.components() == 3
            ? samples
            : new byte[Math.multiplyExact(3, header.width() * header.height())];
    switch (header.colours()) {
      case RGB -> {}
      case GREY -> Colours.greyToRgb(samples, rgb);
      case YCC -> Colours.yccToRgb(samples, 3, rgb);
      case CMYK -> Colours.invertedCmykToRgb(samples, rgb);
      case YCCK -> {
        Colours.ycckToCmyk(samples);
        Colours.invertedCmykToRgb(samples, rgb);
      }
    }
    return new Picture(header.width(), header.height(), rgb);
  }

  private static byte[] samples(JpegHeader header, String name) {
    List<String> warnings = new ArrayList<>();
    Raster raster;
    try {
      ImageReader reader = ImageReaders.jpeg(header.stripped());
      try {
        reader.addIIOReadWarningListener((source, warning) -> warnings.add(warning));
        raster = reader.readRaster(0, null);
      } finally {
        reader.dispose();
      }
    } catch (IOException | RuntimeException e) {
      throw Refusal.corrupt(name, "JPEG", e);
    }
    for (String warning : warnings) {
      // What is lost comes out as grey; bytes too many, the other warning, do no harm.
      if (warning.contains("remature end")) {
        throw Refusal.truncated(name, "JPEG", warning);
      }
      if (warning.contains("Huffman") || warning.contains("progression")) {
        throw Refusal.corrupt(name, "JPEG", warning);
      }
    }
    byte[] data = ((DataBufferByte) raster.getDataBuffer()).getData();
    long expected = (long) header.width() * header.height() * header.components();
    if (data.length != expected
        || raster.getWidth() != header.width()
        || raster.getNumBands() != header.components()) {
      throw Refusal.corrupt(name, "JPEG", data.length + " samples in place of " + expected);
    }
    return data;
  }

  /** 4:4:0, as rotated 4:2:2 photographs have it. */
  private static boolean isHalvedInHeightOnly(JpegHeader header) {
    int[] s = header.samplings();
    return header.components() == 3 && s[0] == 0x12 && s[1] == 0x11 && s[2] == 0x11;
  }

  /**
   * The JDK's libjpeg repeats every row of colour where libjpeg-turbo mixes it 3 : 1 with the
   * nearer neighbour (h1v2_fancy_upsample); the rows it repeated are all here, so mix them.
   */
  private static void smoothColumns(byte[] ycc, int width, int height) {
    int stride = 3 * width;
    byte[] above = new byte[stride];
    byte[] row = new byte[stride];
    System.arraycopy(ycc, 0, row, 0, stride);
    for (int y = 0; y < height; y += 2) {
      byte[] swap = above;
      above = y == 0 ? row.clone() : row;
      row = y == 0 ? row : swap;
      System.arraycopy(ycc, y * stride, row, 0, stride);
      int below = y + 2 < height ? (y + 2) * stride : -1;
      for (int i = 0; i < stride; i++) {
        if (i % 3 == 0) {
          continue;
        }
        int here = 3 * (row[i] & 0xff);
        int next = below < 0 ? row[i] & 0xff : ycc[below + i] & 0xff;
        ycc[y * stride + i] = (byte) ((here + (above[i] & 0xff) + 1) >> 2);
        if (y + 1 < height) {
          ycc[(y + 1) * stride + i] = (byte) ((here + next + 2) >> 2);
        }
      }
    }
  }
}
