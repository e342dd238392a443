package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Random;

/** A kernel of the test resources on a machine of its own, with what tests need around it. */
final class Sample {
  private final PtxMachine machine = new PtxMachine(2_000_000);
  private final Entry entry;

  private Sample(String ptx, String kernel) {
    entry = machine.load(ptx).entry(kernel);
  }

  static Sample of(String ptx, String kernel) {
    return new Sample(ptx, kernel);
  }

  /** A resource beside this class. */
  static String text(String file) {
    try (InputStream in = Sample.class.getResourceAsStream(file)) {
      return new String(Objects.requireNonNull(in, file).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** {@code text} with its only {@code part} replaced; a planted fault must be planted. */
  static String edit(String text, String part, String by) {
    int at = text.indexOf(part);
    assertThat(at).as("where %s is", part).isNotNegative();
    assertThat(text.indexOf(part, at + 1)).as("a second %s", part).isNegative();
    return text.replace(part, by);
  }

  /** {@code text} with occurrence {@code number} (from 0) of {@code part} replaced. */
  static String edit(String text, String part, int number, String by) {
    int at = -1;
    for (int i = 0; i <= number; i++) {
      at = text.indexOf(part, at + 1);
      assertThat(at).as("occurrence %s of %s", i, part).isNotNegative();
    }
    return text.substring(0, at) + by + text.substring(at + part.length());
  }

  /** The line, from 1, on which {@code part} first stands. */
  static int line(String text, String part) {
    int at = text.indexOf(part);
    assertThat(at).as("where %s is", part).isNotNegative();
    return (int) text.substring(0, at).chars().filter(c -> c == '\n').count() + 1;
  }

  PtxMachine machine() {
    return machine;
  }

  Entry entry() {
    return entry;
  }

  long upload(String label, float[] x) {
    return place(label, MemorySegment.ofArray(x));
  }

  long upload(String label, int[] x) {
    return place(label, MemorySegment.ofArray(x));
  }

  /** Rounds {@code x} to bf16 in place and uploads that. */
  long uploadBf16(String label, float[] x) {
    short[] halves = new short[x.length];
    for (int i = 0; i < x.length; i++) {
      halves[i] = (short) Numbers.toBf16(x[i], false);
      x[i] = Numbers.fromBf16(halves[i]);
    }
    return place(label, MemorySegment.ofArray(halves));
  }

  private long place(String label, MemorySegment content) {
    long address = machine.memory().allocate(content.byteSize(), label);
    machine.memory().write(address, content);
    return address;
  }

  long allocate(String label, long bytes) {
    return machine.memory().allocate(bytes, label);
  }

  float[] floats(long address, int count) {
    float[] result = new float[count];
    machine.memory().read(address, MemorySegment.ofArray(result));
    return result;
  }

  int[] ints(long address, int count) {
    int[] result = new int[count];
    machine.memory().read(address, MemorySegment.ofArray(result));
    return result;
  }

  float[] bf16s(long address, int count) {
    short[] halves = new short[count];
    machine.memory().read(address, MemorySegment.ofArray(halves));
    float[] result = new float[count];
    for (int i = 0; i < count; i++) {
      result[i] = Numbers.fromBf16(halves[i]);
    }
    return result;
  }

  /** Launches with these arguments: longs for pointers, ints and floats. */
  PtxMachine.Statistics launch(Extent grid, Extent block, int sharedBytes, Object... arguments) {
    ByteBuffer bytes = ByteBuffer.allocate(entry.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < arguments.length; i++) {
      int at = entry.parameters().get(i).offset();
      switch (arguments[i]) {
        case Long x -> bytes.putLong(at, x);
        case Integer x -> bytes.putInt(at, x);
        case Float x -> bytes.putFloat(at, x);
        default -> throw new IllegalArgumentException(String.valueOf(arguments[i]));
      }
    }
    return machine.launch(entry, grid, block, sharedBytes, bytes.array());
  }

  /** Normally distributed numbers, always the same. */
  static float[] normal(int count, long seed) {
    Random random = new Random(seed);
    float[] result = new float[count];
    for (int i = 0; i < count; i++) {
      result[i] = (float) random.nextGaussian();
    }
    return result;
  }
}
