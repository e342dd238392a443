package dev.diptych.bench;

import dev.diptych.kernels.contrastive.ContrastiveCpu;
import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.parallel.Parallel;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.util.Locale;
import java.util.Random;

/**
 * Shows that the contrastive loss never stores its N×N similarities: runs it forwards and backwards
 * on N = 65,536 pairs of width 512, where the matrix alone would take 16 GiB, and prints the time
 * and the most heap that was ever in use beyond inputs and gradients. Start it with a small heap
 * ({@code -Xmx1700m}: 512 MiB of inputs and gradients and less than 1 GiB besides) and a larger
 * need ends in an OutOfMemoryError.
 */
public final class LargeBatchLoss {
  private LargeBatchLoss() {}

  /** Arguments: N and D, by default 65536 and 512. */
  public static void main(String[] args) {
    int n = args.length > 0 ? Integer.parseInt(args[0]) : 65_536;
    int width = args.length > 1 ? Integer.parseInt(args[1]) : 512;
    ContrastiveDims d = new ContrastiveDims(n, width, true);
    Random random = new Random(1);
    Floats image = normal(random, n * width);
    Floats text = normal(random, n * width);
    Floats dImage = Floats.zeros(n * width);
    Floats dText = Floats.zeros(n * width);
    long operands = 4L * 4 * n * width;
    Floats scale = Floats.of((float) Math.log(1 / 0.07));
    Floats loss = Floats.zeros(1);
    Floats accuracy = Floats.zeros(1);
    Floats rowLse = Floats.zeros(n);
    Floats columnLse = Floats.zeros(n);
    Floats dScale = Floats.zeros(1);
    long start = System.nanoTime();
    ContrastiveCpu.forward(
        d,
        image,
        text,
        scale,
        null,
        loss,
        accuracy,
        rowLse,
        columnLse,
        Floats.zeros(Math.toIntExact(d.forwardScratch())));
    double forward = (System.nanoTime() - start) * 1e-9;
    start = System.nanoTime();
    ContrastiveCpu.backward(
        d,
        image,
        text,
        scale,
        null,
        loss,
        rowLse,
        columnLse,
        Floats.of(1),
        dImage,
        dText,
        dScale,
        Floats.zeros(Math.toIntExact(d.backwardScratch())));
    double backward = (System.nanoTime() - start) * 1e-9;
    System.out.printf(
        Locale.ROOT,
        "N %d, D %d, %d threads: loss %.4f (ln N = %.4f), forward %.1f s, backward %.1f s; peak"
            + " heap %d MiB, of which inputs and gradients %d MiB: %d MiB more (the matrix alone:"
            + " %d MiB)%n",
        n,
        width,
        Parallel.threads(),
        loss.array()[0],
        Math.log(n),
        forward,
        backward,
        peakHeap() >> 20,
        operands >> 20,
        (peakHeap() - operands) >> 20,
        (4L * n * n) >> 20);
  }

  private static Floats normal(Random random, int length) {
    Floats values = Floats.zeros(length);
    for (int i = 0; i < length; i++) {
      values.array()[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static long peakHeap() {
    long peak = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      if (pool.getType() == MemoryType.HEAP) {
        peak += pool.getPeakUsage().getUsed();
      }
    }
    return peak;
  }
}
