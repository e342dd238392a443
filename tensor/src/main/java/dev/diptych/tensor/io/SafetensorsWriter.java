package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Collects tensors and writes them as one safetensors file, atomically. Tensors are shared until
 * {@link #write}, not copied; the data follow in the order in which they were added.
 */
public final class SafetensorsWriter {
  private static final int CHUNK = 1 << 20;

  private final Map<String, Item> items = new LinkedHashMap<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private record Item(DType dtype, Shape shape, Source source) {}

  /** Puts element {@code index} into {@code buffer}. */
  @FunctionalInterface
  private interface Source {
    void put(ByteBuffer buffer, int index);
  }

  /** Adds a string to the header's {@code __metadata__}. */
  public SafetensorsWriter metadata(String key, String value) {
    metadata.put(key, value);
    return this;
  }

  /** Adds a tensor as F32. */
  public SafetensorsWriter add(String name, Tensor tensor) {
    return add(name, tensor, DType.F32);
  }

  /**
   * Adds a tensor as F32, F16, BF16 or F64.
   *
   * @throws IllegalArgumentException if {@code dtype} is none of these or the name is taken
   */
  public SafetensorsWriter add(String name, Tensor tensor, DType dtype) {
    Tensor here = tensor.onHost();
    Floats floats = here.isContiguous() ? here.floats() : Floats.of(here.toArray());
    float[] x = floats.array();
    int offset = floats.offset();
    Source source =
        switch (dtype) {
          case F32 -> (buffer, i) -> buffer.putFloat(x[offset + i]);
          case F16 -> (buffer, i) -> buffer.putShort(Float.floatToFloat16(x[offset + i]));
          case BF16 -> (buffer, i) -> buffer.putShort(DType.toBf16(x[offset + i]));
          case F64 -> (buffer, i) -> buffer.putDouble(x[offset + i]);
          case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 ->
              throw new IllegalArgumentException(
                  "tensor '%s': floats cannot be written as %s".formatted(name, dtype));
        };
    return add(name, new Item(dtype, tensor.shape(), source));
  }

  /** Adds integers as I32. */
  public SafetensorsWriter add(String name, IntTensor tensor) {
    return add(name, tensor, DType.I32);
  }

  /**
   * Adds integers as I32 or I64.
   *
   * @throws IllegalArgumentException if {@code dtype} is neither or the name is taken
   */
  public SafetensorsWriter add(String name, IntTensor tensor, DType dtype) {
    int[] x = tensor.data();
    Source source =
        switch (dtype) {
          case I32 -> (buffer, i) -> buffer.putInt(x[i]);
          case I64 -> (buffer, i) -> buffer.putLong(x[i]);
          case BOOL, U8, I8, I16, U16, F16, BF16, U32, F32, F64, U64 ->
              throw new IllegalArgumentException(
                  "tensor '%s': integers cannot be written as %s".formatted(name, dtype));
        };
    return add(name, new Item(dtype, tensor.shape(), source));
  }

  /** Adds bytes as U8; they are shared, not copied. */
  public SafetensorsWriter addBytes(String name, byte[] bytes, Shape shape) {
    if (bytes.length != shape.size()) {
      throw new IllegalArgumentException(
          "tensor '%s' of shape %s has %d bytes, got %d"
              .formatted(name, shape, shape.size(), bytes.length));
    }
    return add(name, new Item(DType.U8, shape, (buffer, i) -> buffer.put(bytes[i])));
  }

  private SafetensorsWriter add(String name, Item item) {
    if (items.putIfAbsent(name, item) != null) {
      throw new IllegalArgumentException("two tensors are named '" + name + "'");
    }
    return this;
  }

  /**
   * Writes the file: to a temporary one beside it, forced to disk, then renamed.
   *
   * @throws IOException if that fails; then {@code file} is as it was
   */
  public void write(Path file) throws IOException {
    byte[] header = header();
    AtomicFile.write(
        file,
        channel -> {
          ByteBuffer length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
          AtomicFile.writeFully(channel, length.putLong(header.length).flip());
          AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
          ByteBuffer buffer = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
          for (Item item : items.values()) {
            writeItem(channel, buffer, item);
          }
        });
  }

  private byte[] header() {
    ObjectNode root = new ObjectMapper().createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = root.putObject("__metadata__");
      metadata.forEach(node::put);
    }
    long at = 0;
    for (Map.Entry<String, Item> entry : items.entrySet()) {
      Item item = entry.getValue();
      ObjectNode node = root.putObject(entry.getKey());
      node.put("dtype", item.dtype.name().toUpperCase(Locale.ROOT));
      var shape = node.putArray("shape");
      for (int dim : item.shape.dims()) {
        shape.add(dim);
      }
      long end = at + (long) item.shape.size() * item.dtype.bytes();
      node.putArray("data_offsets").add(at).add(end);
      at = end;
    }
    // Spaces up to a multiple of 8, so that the data are aligned for whoever maps them.
    byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
    byte[] padded = java.util.Arrays.copyOf(json, (json.length + 7) / 8 * 8);
    java.util.Arrays.fill(padded, json.length, padded.length, (byte) ' ');
    return padded;
  }

  private static void writeItem(FileChannel channel, ByteBuffer buffer, Item item)
      throws IOException {
    int perChunk = CHUNK / item.dtype.bytes();
    int size = item.shape.size();
    for (int done = 0; done < size; ) {
      int end = (int) Math.min(size, (long) done + perChunk);
      buffer.clear();
      for (int i = done; i < end; i++) {
        item.source.put(buffer, i);
      }
      AtomicFile.writeFully(channel, buffer.flip());
      done = end;
    }
  }
}
