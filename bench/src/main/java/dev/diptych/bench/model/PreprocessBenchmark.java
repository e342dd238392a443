package dev.diptych.bench.model;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.Preprocess;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Pictures a second and thread, from a JPEG of 640 × 480 to what ViT-B/32 reads. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PreprocessBenchmark {
  private final Preprocess preprocess = new Preprocess(224);
  private final float[] planes = new float[3 * 224 * 224];
  private byte[] jpeg = new byte[0];
  private Picture picture = new Picture(1, 1, new byte[3]);

  /** Draws waves and edges, about as hard to decode as a photograph. */
  @Setup
  public void draw() throws IOException {
    var image = new BufferedImage(640, 480, BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < 480; y++) {
      for (int x = 0; x < 640; x++) {
        int red = (int) (128 + 100 * Math.sin(x / 17.0 + y / 31.0));
        int green = (int) (128 + 90 * Math.cos(x / 23.0 - y / 11.0));
        int blue = (3 * x + 5 * y) & 0xff;
        image.setRGB(x, y, (red << 16) | (green << 8) | blue);
      }
    }
    var bytes = new ByteArrayOutputStream();
    ImageIO.write(image, "jpeg", bytes);
    jpeg = bytes.toByteArray();
    picture = decode();
  }

  /** The JPEG's pixels alone. */
  @Benchmark
  public Picture decode() {
    return PictureDecoder.decode(jpeg, "drawn.jpg");
  }

  /** Scaling, cropping and normalising alone. */
  @Benchmark
  public float[] scale() {
    preprocess.normalise(preprocess.toSquare(picture), planes, 0);
    return planes;
  }

  /** All of it. */
  @Benchmark
  public float[] decodeAndScale() {
    preprocess.normalise(preprocess.toSquare(decode()), planes, 0);
    return planes;
  }
}
