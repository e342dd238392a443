package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Precision;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Where a case runs: inputs on the GPU, outputs that are full of NaN until they are written, NaN
 * around both, and comparison with the reference. The memory lives as long as the workbench.
 */
public final class Workbench implements AutoCloseable {
  /** Bytes of NaN before and behind every run. */
  private static final int GUARD = 256;

  private final Gpu gpu;
  private final GpuScope scope;
  private final Precision precision;
  private final int shift;
  private final Map<DeviceMemory, DeviceMemory> guarded = new HashMap<>();
  private double worst;

  /**
   * A workbench.
   *
   * @param precision of what {@link #in} and {@link #out} hold
   * @param isAligned whether the memory begins at multiples of 256 bytes, or five elements behind
   */
  public Workbench(Gpu gpu, Precision precision, boolean isAligned) {
    this.gpu = gpu;
    this.precision = precision;
    scope = gpu.scope();
    shift = isAligned ? 0 : 5;
  }

  /** The GPU. */
  public Gpu gpu() {
    return gpu;
  }

  /** The precision of what {@link #in} and {@link #out} hold. */
  public Precision precision() {
    return precision;
  }

  /** {@code length} values from N(0, 1) that the precision holds exactly; the same for a seed. */
  public double[] normal(long seed, int length) {
    return exactly(precision, f32Normal(seed, length));
  }

  /** {@code length} values from N(0, 1) that are exactly f32 numbers; the same for a seed. */
  public double[] f32Normal(long seed, int length) {
    Random random = new Random(seed);
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  /** The values rounded to what the precision holds. */
  public static double[] exactly(Precision precision, double[] values) {
    double[] rounded = values.clone();
    for (int i = 0; i < rounded.length; i++) {
      rounded[i] =
          switch (precision) {
            case F32 -> (float) rounded[i];
            case BF16 -> fromBf16(toBf16((float) rounded[i]));
          };
    }
    return rounded;
  }

  /** Inputs in the workbench's precision. */
  public DeviceMemory in(double... values) {
    return in(precision, values);
  }

  /** Inputs in f32. */
  public DeviceMemory inF32(double... values) {
    return in(Precision.F32, values);
  }

  /** Inputs in a given precision. */
  public DeviceMemory in(Precision as, double[] values) {
    DeviceMemory memory = unwritten(as.bytes(), values.length);
    switch (as) {
      case F32 -> {
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
          floats[i] = (float) values[i];
        }
        gpu.copyIn(MemorySegment.ofArray(floats), memory);
      }
      case BF16 -> {
        short[] halves = new short[values.length];
        for (int i = 0; i < halves.length; i++) {
          halves[i] = toBf16((float) values[i]);
        }
        gpu.copyIn(MemorySegment.ofArray(halves), memory);
      }
    }
    return memory;
  }

  /** {@code length} inputs from N(0, 1) for timings: made of a shorter run, again and again. */
  public DeviceMemory filled(int length) {
    return filled(precision, length);
  }

  /** The same in f32. */
  public DeviceMemory filledF32(int length) {
    return filled(Precision.F32, length);
  }

  private DeviceMemory filled(Precision as, int length) {
    int run = Math.min(length, 1 << 20);
    DeviceMemory memory = unwritten(as.bytes(), length);
    DeviceMemory once = in(as, f32Normal(length, run));
    for (long at = 0; at < length; at += run) {
      long size = as.bytes() * Math.min(run, length - at);
      gpu.copy(once.slice(0, size), memory.slice(as.bytes() * at, size));
    }
    return memory;
  }

  /** Integers. */
  public DeviceMemory ints(int... values) {
    DeviceMemory memory = unwritten(Integer.BYTES, values.length);
    gpu.copyIn(MemorySegment.ofArray(values), memory);
    return memory;
  }

  /** Room for an output in the workbench's precision, full of NaN. */
  public DeviceMemory out(int length) {
    return unwritten(precision.bytes(), length);
  }

  /** Room for an output in a given precision, full of NaN. */
  public DeviceMemory out(Precision as, int length) {
    return unwritten(as.bytes(), length);
  }

  /** Room for an output in f32, full of NaN. */
  public DeviceMemory outF32(int length) {
    return unwritten(Float.BYTES, length);
  }

  /** Room for {@code length} doubles, which are aligned in any case. */
  public DeviceMemory outDoubles(int length) {
    DeviceMemory all = scope.allocate((long) Double.BYTES * length);
    gpu.fill(all, (byte) -1);
    return all;
  }

  private DeviceMemory unwritten(int elementBytes, int length) {
    long bytes = (long) elementBytes * length;
    DeviceMemory all = scope.allocate(bytes + 2L * GUARD);
    gpu.fill(all, (byte) -1);
    DeviceMemory memory = all.slice(GUARD + (long) shift * elementBytes, bytes);
    guarded.put(memory, all);
    return memory;
  }

  /** What {@code memory} holds in the workbench's precision. */
  public double[] read(DeviceMemory memory) {
    return read(precision, memory);
  }

  /** What {@code memory} holds in f32. */
  public double[] readF32(DeviceMemory memory) {
    return read(Precision.F32, memory);
  }

  /** What {@code memory} holds in a given precision. */
  public double[] read(Precision as, DeviceMemory memory) {
    byte[] bytes = new byte[Math.toIntExact(memory.bytes())];
    MemorySegment segment = MemorySegment.ofArray(bytes);
    gpu.copyOut(memory, segment);
    double[] values = new double[bytes.length / as.bytes()];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (as) {
            case F32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
            case BF16 -> fromBf16(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i));
          };
    }
    return values;
  }

  /** The integers in {@code memory}. */
  public int[] readInts(DeviceMemory memory) {
    int[] values = new int[Math.toIntExact(memory.bytes() / Integer.BYTES)];
    gpu.copyOut(memory, MemorySegment.ofArray(values));
    return values;
  }

  /**
   * Holds an output in the workbench's precision to the reference: each element within {@code
   * tolerance} times the larger of 1 and the root mean square of what is expected, and in bf16
   * within its rounding too. NaN must meet NaN, an infinity the same. Around it nothing may have
   * been written.
   *
   * @throws GpuMismatch if it does not agree
   */
  public void check(String what, double[] expected, DeviceMemory found, double tolerance) {
    check(what, expected, found, precision, tolerance);
  }

  /** Holds an output in f32 to the reference, as {@link #check} does. */
  public void checkF32(String what, double[] expected, DeviceMemory found, double tolerance) {
    check(what, expected, found, Precision.F32, tolerance);
  }

  /** Holds an output in a given precision to the reference, as {@link #check} does. */
  public void check(
      String what, double[] expected, DeviceMemory found, Precision as, double tolerance) {
    double[] values = read(as, found);
    if (values.length != expected.length) {
      throw new GpuMismatch(what + ": " + values.length + " elements, not " + expected.length);
    }
    double scale = Math.max(1, rootMeanSquare(expected));
    double rounding = as == Precision.BF16 ? 1.0 / 256 : 0;
    for (int i = 0; i < expected.length; i++) {
      double allowed = tolerance * scale + rounding * Math.abs(expected[i]);
      double error = Math.abs(values[i] - expected[i]);
      boolean close =
          Double.isFinite(expected[i])
              ? error <= allowed
              : Double.compare(values[i], expected[i]) == 0;
      if (!close) {
        throw new GpuMismatch(
            String.format(
                Locale.ROOT,
                "%s: element %d is %s, not %s within %.3g",
                what,
                i,
                values[i],
                expected[i],
                allowed));
      }
      if (Double.isFinite(expected[i])) {
        worst = Math.max(worst, error / scale);
      }
    }
    checkGuards(what, found);
  }

  private void checkGuards(String what, DeviceMemory found) {
    DeviceMemory all = guarded.get(found);
    if (all == null) {
      return;
    }
    byte[] bytes = new byte[Math.toIntExact(all.bytes())];
    gpu.copyOut(all, MemorySegment.ofArray(bytes));
    long begin = found.address() - all.address();
    for (int i = 0; i < bytes.length; i++) {
      if ((i < begin || i >= begin + found.bytes()) && bytes[i] != -1) {
        throw new GpuMismatch(what + ": written outside, at byte " + (i - begin));
      }
    }
  }

  /** Holds integers to the reference. */
  public void checkInts(String what, int[] expected, DeviceMemory found) {
    int at = Arrays.mismatch(expected, readInts(found));
    if (at >= 0) {
      throw new GpuMismatch(what + ": element " + at + " is not " + expected[at]);
    }
    checkGuards(what, found);
  }

  /** The largest error so far, relative to the larger of 1 and the output's root mean square. */
  public double worst() {
    return worst;
  }

  private static double rootMeanSquare(double[] values) {
    double squares = 0;
    int finite = 0;
    for (double value : values) {
      if (Double.isFinite(value)) {
        squares += value * value;
        finite++;
      }
    }
    return Math.sqrt(squares / Math.max(1, finite));
  }

  /** Rounded to the nearest, ties to even; NaN stays NaN. */
  static short toBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  static float fromBf16(short bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** Recycles the memory. */
  @Override
  public void close() {
    scope.close();
  }
}
