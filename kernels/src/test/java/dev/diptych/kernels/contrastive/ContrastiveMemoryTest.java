package dev.diptych.kernels.contrastive;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuProperties;
import dev.diptych.kernels.cuda.NotingGpu;
import dev.diptych.kernels.cuda.PooledGpu;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Floats;
import java.io.File;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The N × N matrix is never stored: by the formula for scratch, and by what is really allocated.
 */
class ContrastiveMemoryTest {
  private static final long GIB = 1L << 30;

  @Test
  void scratchOf65536PairsIsUnderOneGib() {
    ContrastiveDims d = new ContrastiveDims(65_536, 512, true);
    assertThat(4 * d.forwardScratch()).isLessThan(GIB / 3);
    assertThat(4 * d.backwardScratch()).isLessThan(GIB / 3);
    // Embeddings that are normalised already need no copy of their own.
    ContrastiveDims asTheyAre = new ContrastiveDims(65_536, 512, false);
    assertThat(4 * asTheyAre.forwardScratch()).isLessThan(GIB / 16);
    assertThat(4 * asTheyAre.backwardScratch()).isLessThan(GIB / 16);
  }

  @Test
  void scratchGrowsWithNAndNotWithItsSquare() {
    long one = new ContrastiveDims(8192, 64, true).backwardScratch();
    long two = new ContrastiveDims(16_384, 64, true).backwardScratch();
    long four = new ContrastiveDims(32_768, 64, true).backwardScratch();
    assertThat(four - two).isEqualTo(2 * (two - one));
    long forwardOne = new ContrastiveDims(8192, 64, true).forwardScratch();
    long forwardTwo = new ContrastiveDims(16_384, 64, true).forwardScratch();
    long forwardFour = new ContrastiveDims(32_768, 64, true).forwardScratch();
    assertThat(forwardFour - forwardTwo).isEqualTo(2 * (forwardTwo - forwardOne));
  }

  /** On a GPU: what is said to be needed, and what is really allocated, products included. */
  @ParameterizedTest
  @EnumSource(Precision.class)
  void pairs32768TakeUnder300MegabytesOfAGpu(Precision precision) {
    ContrastiveDims d = new ContrastiveDims(32_768, 512, true);
    assertThat(d.gpuForwardScratch(precision)).isLessThan(220_000_000);
    assertThat(d.gpuBackwardScratch(precision)).isLessThan(275_000_000);
    long forward = allocated(precision, d, false);
    long backward = allocated(precision, d, true);
    // Pools round up to 512 bytes; products may be summed in parts.
    assertThat(forward - d.gpuForwardScratch(precision)).isBetween(0L, 8192L);
    assertThat(backward - d.gpuBackwardScratch(precision)).isBetween(0L, 20_000_000L);
    assertThat(Math.max(forward, backward)).isLessThan(300_000_000);
  }

  @Test
  void ofAMillionPairsAGpuNeedsMemoryForThemAndOneChunk() {
    long one = new ContrastiveDims(1 << 18, 64, true).gpuBackwardScratch(Precision.BF16);
    long two = new ContrastiveDims(1 << 19, 64, true).gpuBackwardScratch(Precision.BF16);
    long four = new ContrastiveDims(1 << 20, 64, true).gpuBackwardScratch(Precision.BF16);
    // Chunks are of 64 rows from 2¹⁸ pairs on, and all else grows with N.
    assertThat((double) (four - two) / (two - one)).isBetween(1.99, 2.01);
  }

  /** The most bytes that a pass holds at once. What it runs can also be captured as a graph. */
  private static long allocated(Precision precision, ContrastiveDims d, boolean isBackward) {
    PooledGpu gpu =
        new PooledGpu(
            new NotingGpu(new GpuProperties("none", 9, 0, 132, 227 << 10, 1 << 30, 1L << 40)));
    Runnable pass = () -> run(gpu, precision, d, isBackward);
    pass.run();
    long most = gpu.allocatedBytes(); // nothing has been given back
    gpu.capture(pass).close();
    return most;
  }

  private static void run(Gpu gpu, Precision precision, ContrastiveDims d, boolean isBackward) {
    DeviceMemory embeddings = new DeviceMemory(0, (long) precision.bytes() * d.n() * d.d());
    DeviceMemory lse = new DeviceMemory(0, 4L * d.n());
    DeviceMemory one = new DeviceMemory(0, 4);
    if (isBackward) {
      ContrastiveCuda.backward(
          gpu,
          d,
          precision,
          embeddings,
          embeddings,
          one,
          lse, // ids, of the same size
          one,
          lse,
          lse,
          one,
          embeddings,
          embeddings,
          one);
    } else {
      ContrastiveCuda.forward(
          gpu, d, precision, embeddings, embeddings, one, lse, one, one, lse, lse);
    }
  }

  /** A heap that could hold a quarter of the matrix is enough for all there is. */
  @Test
  void runsInAHeapThatCouldNotHoldTheMatrix() throws Exception {
    int n = 8192;
    int heapMib = 64;
    assertThat(4L * n * n).isEqualTo((4L * heapMib) << 20);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Xmx" + heapMib + "m",
                "-cp",
                classesOf(ContrastiveCpu.class) + File.pathSeparator + classesOf(Run.class),
                Run.class.getName(),
                Integer.toString(n))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    // Random pairs at scale 1: nearly nothing is known of them.
    assertThat(output).containsPattern("loss (8\\.[89]|9\\.)");
  }

  private static String classesOf(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString();
  }

  /** What the test runs in a Java of its own: the loss of random pairs, forward and backward. */
  static final class Run {
    private Run() {}

    public static void main(String[] args) {
      int n = Integer.parseInt(args[0]);
      ContrastiveDims d = new ContrastiveDims(n, 4, true);
      Floats image = random(1, n * 4);
      Floats text = random(2, n * 4);
      Floats logScale = Floats.of(0);
      Floats loss = Floats.zeros(1);
      Floats rowLse = Floats.zeros(n);
      Floats columnLse = Floats.zeros(n);
      ContrastiveCpu.forward(
          d,
          image,
          text,
          logScale,
          null,
          loss,
          Floats.zeros(1),
          rowLse,
          columnLse,
          Floats.zeros(Math.toIntExact(d.forwardScratch())));
      ContrastiveCpu.backward(
          d,
          image,
          text,
          logScale,
          null,
          loss,
          rowLse,
          columnLse,
          Floats.of(1),
          Floats.zeros(n * 4),
          Floats.zeros(n * 4),
          Floats.zeros(1),
          Floats.zeros(Math.toIntExact(d.backwardScratch())));
      System.out.println("loss " + loss.array()[0]);
    }

    private static Floats random(long seed, int length) {
      Random random = new Random(seed);
      Floats values = Floats.zeros(length);
      for (int i = 0; i < length; i++) {
        values.array()[i] = (float) random.nextGaussian();
      }
      return values;
    }
  }
}
