package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

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
  private static final String METADATA = "__metadata__";

  private final Path file;
  private final Arena arena;
  private final MemorySegment data;
  private final Map<String, Located> located;
  private final Map<String, String> metadata;

  /** A tensor, and its first byte, counted from the end of the header. */
  private record Located(Entry entry, long begin) {}

  private Safetensors(
      Path file,
      Arena arena,
      MemorySegment data,
      Map<String, Located> located,
      Map<String, String> metadata) {
    this.file = file;
    this.arena = arena;
    this.data = data;
    this.located = located;
    this.metadata = metadata;
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
        throw fault(file, "it has " + size + " bytes, fewer than the 8 of the header length");
      }
      MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
      long header = whole.get(LONG, 0);
      if (header < 2 || header > Math.min(MAX_HEADER, size - 8)) {
        throw fault(
            file,
            "the header length at byte 0 is %s, but the file has %d bytes"
                .formatted(Long.toUnsignedString(header), size));
      }
      String json =
          new String(
              whole.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
      Map<String, String> metadata = new LinkedHashMap<>();
      Map<String, Located> located = parse(file, json, size - 8 - header, metadata);
      return new Safetensors(file, arena, whole.asSlice(8 + header), located, metadata);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static Map<String, Located> parse(
      Path file, String json, long dataSize, Map<String, String> metadata) throws IOException {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(json);
    } catch (JacksonException e) {
      throw new TensorFileException(
          message(file, "the header is not JSON: " + e.getOriginalMessage()), e);
    }
    if (!root.isObject()) {
      throw fault(file, "the header is not a JSON object");
    }
    Map<String, Located> located = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> property : root.properties()) {
      if (property.getKey().equals(METADATA)) {
        for (Map.Entry<String, JsonNode> item : property.getValue().properties()) {
          metadata.put(item.getKey(), item.getValue().asString());
        }
      } else {
        located.put(
            property.getKey(), locate(file, property.getKey(), property.getValue(), dataSize));
      }
    }
    return located;
  }

  private static Located locate(Path file, String name, JsonNode node, long dataSize)
      throws IOException {
    JsonNode shapeNode = node.path("shape");
    JsonNode range = node.path("data_offsets");
    if (!node.path("dtype").isString() || !shapeNode.isArray() || !isRange(range)) {
      throw fault(file, "tensor '" + name + "' lacks dtype, shape or data_offsets");
    }
    DType dtype;
    try {
      dtype = DType.valueOf(node.path("dtype").asString().toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new TensorFileException(
          message(
              file,
              "tensor '%s' has the dtype %s, which is not known here"
                  .formatted(name, node.path("dtype").asString())),
          e);
    }
    int[] dims = new int[shapeNode.size()];
    for (int i = 0; i < dims.length; i++) {
      if (!shapeNode.get(i).isIntegralNumber() || !shapeNode.get(i).canConvertToInt()) {
        throw fault(file, "tensor '%s' has the impossible shape %s".formatted(name, shapeNode));
      }
      dims[i] = shapeNode.get(i).asInt();
    }
    Shape shape;
    try {
      shape = Shape.ofDims(dims);
    } catch (ShapeException e) {
      throw new TensorFileException(message(file, "tensor '" + name + "': " + e.getMessage()), e);
    }
    long begin = range.get(0).asLong();
    long end = range.get(1).asLong();
    if (begin < 0 || end < begin || end > dataSize) {
      throw fault(
          file,
          "tensor '%s' claims the bytes %d to %d, the file has %d bytes of data"
              .formatted(name, begin, end, dataSize));
    }
    if (end - begin != (long) shape.size() * dtype.bytes()) {
      throw fault(
          file,
          "tensor '%s' of shape %s and dtype %s needs %d bytes, its range has %d"
              .formatted(name, shape, dtype, (long) shape.size() * dtype.bytes(), end - begin));
    }
    return new Located(new Entry(name, dtype, shape), begin);
  }

  private static boolean isRange(JsonNode range) {
    return range.isArray()
        && range.size() == 2
        && range.get(0).canConvertToLong()
        && range.get(1).canConvertToLong();
  }

  private static TensorFileException fault(Path file, String what) {
    return new TensorFileException(message(file, what));
  }

  private static String message(Path file, String what) {
    return file
        + " is not a usable safetensors file: "
        + what
        + ". If it was downloaded or copied, fetch it again.";
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(located.keySet());
  }

  /** The free-form strings of the header's {@code __metadata__}; often empty. */
  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  @Override
  public Entry entry(String name) throws TensorFileException {
    return find(name).entry;
  }

  private Located find(String name) throws TensorFileException {
    Located found = located.get(name);
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
    Located found = find(name);
    Entry entry = found.entry;
    return data.asSlice(found.begin, (long) entry.shape().size() * entry.dtype().bytes());
  }

  /** Ends the mapping; tensors already read stay valid. */
  @Override
  public void close() {
    arena.close();
  }

  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
}
