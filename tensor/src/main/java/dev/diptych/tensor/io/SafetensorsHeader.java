package dev.diptych.tensor.io;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What the JSON header of a safetensors file says, checked.
 *
 * @param located the tensors by their names, in the order of the header
 * @param metadata the strings of {@code __metadata__}
 */
record SafetensorsHeader(Map<String, Located> located, Map<String, String> metadata) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();
  private static final String METADATA = "__metadata__";

  /** A tensor, and its first byte, counted from the end of the header. */
  record Located(NamedTensors.Entry entry, long begin) {
    /** How many bytes it takes. */
    long bytes() {
      return (long) entry.shape().size() * entry.dtype().bytes();
    }
  }

  /**
   * Reads a header and checks everything in it.
   *
   * @param file for messages
   * @param header its bytes
   * @param dataSize how many bytes follow it
   * @throws TensorFileException if it is no header, or claims what cannot be
   */
  static SafetensorsHeader read(Path file, byte[] header, long dataSize)
      throws TensorFileException {
    Map<String, String> metadata = new LinkedHashMap<>();
    return new SafetensorsHeader(parse(file, text(file, header), dataSize, metadata), metadata);
  }

  private static String text(Path file, byte[] header) throws TensorFileException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(header)).toString();
    } catch (CharacterCodingException e) {
      throw new TensorFileException(message(file, "the header is not UTF-8"), e);
    }
  }

  private static Map<String, Located> parse(
      Path file, String json, long dataSize, Map<String, String> metadata)
      throws TensorFileException {
    JsonNode root;
    try {
      root = JSON.readTree(json);
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
          if (!item.getValue().isString()) {
            throw fault(file, "'" + item.getKey() + "' of " + METADATA + " is not a string");
          }
          metadata.put(item.getKey(), item.getValue().asString());
        }
      } else {
        located.put(
            property.getKey(), locate(file, property.getKey(), property.getValue(), dataSize));
      }
    }
    checkOverlaps(file, located);
    return located;
  }

  /** Two tensors in the same bytes: one of them is not what its name says. */
  private static void checkOverlaps(Path file, Map<String, Located> located)
      throws TensorFileException {
    List<Located> inOrder = new ArrayList<>(located.values());
    inOrder.removeIf(tensor -> tensor.bytes() == 0);
    inOrder.sort(Comparator.comparingLong(Located::begin));
    for (int i = 1; i < inOrder.size(); i++) {
      Located before = inOrder.get(i - 1);
      Located tensor = inOrder.get(i);
      if (tensor.begin < before.begin + before.bytes()) {
        throw fault(
            file,
            "tensors '%s' and '%s' both claim the byte %d"
                .formatted(before.entry.name(), tensor.entry.name(), tensor.begin));
      }
    }
  }

  private static Located locate(Path file, String name, JsonNode node, long dataSize)
      throws TensorFileException {
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
    return new Located(new NamedTensors.Entry(name, dtype, shape), begin);
  }

  private static boolean isRange(JsonNode range) {
    return range.isArray() && range.size() == 2 && isOffset(range.get(0)) && isOffset(range.get(1));
  }

  private static boolean isOffset(JsonNode number) {
    return number.isIntegralNumber() && number.canConvertToLong();
  }

  /** A fault of {@code file}, with advice. */
  static TensorFileException fault(Path file, String what) {
    return new TensorFileException(message(file, what));
  }

  private static String message(Path file, String what) {
    return file
        + " is not a usable safetensors file: "
        + what
        + ". If it was downloaded or copied, fetch it again.";
  }
}
