package dev.diptych.clip.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.spi.IIORegistry;
import javax.imageio.spi.ImageReaderSpi;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * The JDK's own readers for JPEG, PNG and BMP, found once. Each call makes a new reader over bytes
 * in memory, so threads share nothing and no disk cache is ever used.
 */
final class ImageReaders {
  static {
    ImageIO.setUseCache(false);
  }

  private static final ImageReaderSpi JPEG = find("JPEG");
  private static final ImageReaderSpi PNG = find("png");
  private static final ImageReaderSpi BMP = find("bmp");

  private ImageReaders() {}

  static ImageReader jpeg(byte[] bytes) throws IOException {
    return open(JPEG, bytes);
  }

  static ImageReader png(byte[] bytes) throws IOException {
    return open(PNG, bytes);
  }

  static ImageReader bmp(byte[] bytes) throws IOException {
    return open(BMP, bytes);
  }

  private static ImageReader open(ImageReaderSpi provider, byte[] bytes) throws IOException {
    ImageReader reader = provider.createReaderInstance();
    var stream = new MemoryCacheImageInputStream(new ByteArrayInputStream(bytes));
    reader.setInput(stream, true, true);
    return reader;
  }

  /** Other plug-ins on the class path may come first in the registry and give other pixels. */
  private static ImageReaderSpi find(String format) {
    Iterator<ImageReaderSpi> all =
        IIORegistry.getDefaultInstance().getServiceProviders(ImageReaderSpi.class, true);
    while (all.hasNext()) {
      ImageReaderSpi provider = all.next();
      if (provider.getClass().getModule() == ImageIO.class.getModule()) {
        for (String name : provider.getFormatNames()) {
          if (name.equals(format)) {
            return provider;
          }
        }
      }
    }
    throw new IllegalStateException(
        "This Java has no " + format + " reader: a JDK with the module java.desktop is needed");
  }
}
