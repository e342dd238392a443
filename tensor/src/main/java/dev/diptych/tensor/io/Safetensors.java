package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.Map;
import java.util.Set;

/**
 * A safetensors file, mapped into memory: an 8-byte little-endian header length, a JSON header that
 * names each tensor's dtype, shape and byte range, then the data. Files may exceed 2 GiB.
 * Everything in the header is checked before anything is read, so that a header that lies is
 * refused whole.
 *
 * @see <a href="https://huggingface.co/docs/safetensors">the format</a>
 */
public final class Safetensors implements NamedTensors {
  private static final long MAX_HEADER = 100_000_000; // as the reference implementation

  private final Path file;
  private final Arena arena;
  private final MemorySegment data;
  private final SafetensorsHeader header;

  private Safetensors(Path file, Arena arena, MemorySegment data, SafetensorsHeader header) {
    this.file = file;
    this.arena = arena;
    this.data = data;
    this.header = header;
  }

  /**
   * Maps a file and checks its header.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is not a safetensors file, or a damaged one
   */
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the file: closed by close()
  public static Safetensors open(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < 8) {
        throw SafetensorsHeader.fault(
            file, "it has " + size + " bytes, fewer than the 8 of the header length");
      }
      MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long header = whole.get(LONG, 0);
      if (header < 2 || header > Math.min(MAX_HEADER, size - 8)) {
        throw SafetensorsHeader.fault(
            file,
            "the header length at byte 0 is %s, but the file has %d bytes"
                .formatted(Long.toUnsignedString(header), size));
      }
      return new Safetensors(
          file,
          arena,
          whole.asSlice(8 + header),
          SafetensorsHeader.read(
              file, whole.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE), size - 8 - header));
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(header.located().keySet());
  }

  /** The free-form strings of the header's {@code __metadata__}; often empty. */
  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  @Override
  public Entry entry(String name) throws TensorFileException {
    return find(name).entry();
  }

  private SafetensorsHeader.Located find(String name) throws TensorFileException {
    SafetensorsHeader.Located found = header.located().get(name);
    if (found == null) {
      throw TensorFileException.missing(this, name);
    }
    return found;
  }

  /** A tensor of floating point numbers or integers as f32, in memory of its own. */
  public Tensor floats(String name) throws TensorFileException {
    Entry entry = entry(name);
    Floats target = Floats.zeros(entry.shape().size());
    readFloats(name, target);
    return Tensor.of(target, entry.shape());
  }

  @Override
  public void readFloats(String name, Floats target) throws TensorFileException {
    Entry entry = entry(name);
    entry.requireLength(file, target);
    Elements.readFloats(
        bytes(name), entry.dtype(), 0, 1, target.array(), target.offset(), target.length());
  }

  /**
   * A tensor of integers.
   *
   * @throws TensorFileException if it holds floating point numbers, or one that is no int
   */
  public IntTensor ints(String name) throws TensorFileException {
    Entry entry = entry(name);
    int[] ints = new int[entry.shape().size()];
    MemorySegment bytes = bytes(name);
    for (int i = 0; i < ints.length; i++) {
      long value =
          switch (entry.dtype()) {
            case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 ->
                Elements.integerAt(bytes, entry.dtype(), i);
            case F16, BF16, F32, F64 ->
                throw new TensorFileException(
                    "%s: tensor '%s' must hold integers, its dtype is %s"
                        .formatted(file, name, entry.dtype()));
          };
      if ((int) value != value) {
        throw new TensorFileException(
            "%s: element %d of tensor '%s' is %d, too large for an int"
                .formatted(file, i, name, value));
      }
      ints[i] = (int) value;
    }
    return new IntTensor(entry.shape(), ints);
  }

  /** A tensor as f64, for reading what was recorded in double precision. */
  public double[] doubles(String name) throws TensorFileException {
    Entry entry = entry(name);
    double[] values = new double[entry.shape().size()];
    MemorySegment bytes = bytes(name);
    for (int i = 0; i < values.length; i++) {
      values[i] = Elements.doubleAt(bytes, entry.dtype(), i);
    }
    return values;
  }

  private MemorySegment bytes(String name) throws TensorFileException {
    SafetensorsHeader.Located found = find(name);
    return data.asSlice(found.begin(), found.bytes());
  }

  /** Ends the mapping; tensors already read stay valid. */
  @Override
  public void close() {
    arena.close();
  }

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
}
