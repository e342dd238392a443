package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * NumPy's file of one array: six magic bytes, two of version, the length of a header, the header (a
 * Python dictionary in ASCII, filled with spaces up to a multiple of 64 bytes), the elements. Files
 * are written as {@code numpy.save} writes them, to the byte: version 1.0, little endian, row by
 * row.
 *
 * @see <a href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">the
 *     format</a>
 */
public final class Npy {
  private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
  private static final int CHUNK = 1 << 20;
  private static final int ALIGNMENT = 64;
  private static final int MAX_HEADER = 1 << 16;

  /** NumPy leaves room for the first length to grow to as many digits. */
  private static final int GROWTH_DIGITS = 21;

  private static final Pattern DTYPE = Pattern.compile("'descr'\\s*:\\s*'([^']*)'");
  private static final Pattern ORDER = Pattern.compile("'fortran_order'\\s*:\\s*(True|False)");
  private static final Pattern SHAPE = Pattern.compile("'shape'\\s*:\\s*\\(([0-9,\\s]*)\\)");

  private Npy() {}

  /**
   * Writes a tensor, atomically.
   *
   * @param dtype F32 or F16
   * @throws IllegalArgumentException if {@code dtype} is another
   * @throws IOException if writing fails; then {@code file} is as it was
   */
  public static void write(Path file, Tensor tensor, DType dtype) throws IOException {
    byte[] header = header(tensor.shape(), dtype);
    Tensor here = tensor.onHost();
    Floats floats = here.isContiguous() ? here.floats() : Floats.of(here.toArray());
    AtomicFile.write(
        file,
        channel -> {
          AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
          ByteBuffer buffer = ByteBuffer.allocate(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
          int perChunk = CHUNK / dtype.bytes();
          for (int done = 0; done < floats.length(); ) {
            int count = Math.min(perChunk, floats.length() - done);
            buffer.clear();
            put(buffer, dtype, floats.array(), floats.offset() + done, count);
            AtomicFile.writeFully(channel, buffer.flip());
            done += count;
          }
        });
  }

  private static void put(ByteBuffer buffer, DType dtype, float[] x, int from, int count) {
    if (dtype == DType.F32) {
      buffer.asFloatBuffer().put(x, from, count);
      buffer.position(4 * count);
    } else {
      for (int i = from; i < from + count; i++) {
        buffer.putShort(Float.floatToFloat16(x[i]));
      }
    }
  }

  private static byte[] header(Shape shape, DType dtype) {
    if (dtype != DType.F32 && dtype != DType.F16) {
      throw new IllegalArgumentException("npy files are written as F32 or F16, not " + dtype);
    }
    StringBuilder lengths = new StringBuilder();
    for (int i = 0; i < shape.rank(); i++) {
      lengths.append(i == 0 ? "" : ", ").append(shape.dim(i));
    }
    lengths.append(shape.rank() == 1 ? "," : ""); // a Python tuple of one
    String dictionary =
        "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }"
            .formatted(dtype == DType.F32 ? "<f4" : "<f2", lengths);
    if (shape.rank() > 0) {
      dictionary += " ".repeat(GROWTH_DIGITS - Integer.toString(shape.dim(0)).length());
    }
    int prefix = MAGIC.length + 4;
    int unpadded = prefix + dictionary.length() + 1; // 1: the line break
    int total = unpadded + ALIGNMENT - unpadded % ALIGNMENT;
    ByteBuffer header = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) (total - prefix));
    String padded = dictionary + " ".repeat(total - unpadded) + "\n";
    return header.put(padded.getBytes(StandardCharsets.US_ASCII)).array();
  }

  /**
   * Reads an array of f16, f32 or f64, little endian and row by row, as f32.
   *
   * @throws TensorFileException if the file is no such array, or is cut short
   * @throws IOException if it cannot be read
   */
  public static Tensor read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer start = readFully(channel, file, 12);
      for (byte magic : MAGIC) {
        if (start.get() != magic) {
          throw fault(file, "it does not begin with \\x93NUMPY");
        }
      }
      int version = start.get();
      start.get();
      if (version < 1 || version > 3) {
        throw fault(file, "its version is " + version + ", known are 1 to 3");
      }
      long length = version == 1 ? start.getShort() & 0xFFFF : start.getInt() & 0xFFFFFFFFL;
      long begin = (version == 1 ? 10 : 12) + length;
      if (length > MAX_HEADER || begin > channel.size()) {
        throw fault(file, "its header claims %d bytes".formatted(length));
      }
      channel.position(begin - length);
      ByteBuffer bytes = readFully(channel, file, (int) length);
      return elements(channel, file, StandardCharsets.UTF_8.decode(bytes).toString());
    } catch (EOFException e) {
      throw new TensorFileException(message(file, "it ends within its header"), e);
    }
  }

  private static Tensor elements(FileChannel channel, Path file, String header) throws IOException {
    String order = find(ORDER, header, file);
    if (order.equals("True")) {
      throw fault(file, "it is stored column by column; save numpy.ascontiguousarray(x)");
    }
    String descr = find(DTYPE, header, file);
    DType dtype =
        switch (descr) {
          case "<f2" -> DType.F16;
          case "<f4" -> DType.F32;
          case "<f8" -> DType.F64;
          default -> throw fault(file, "its type is " + descr + ", read are <f2, <f4 and <f8");
        };
    Shape shape = shape(find(SHAPE, header, file), file);
    long expected = (long) shape.size() * dtype.bytes();
    if (channel.size() - channel.position() != expected) {
      throw fault(
          file,
          "%s of shape %s needs %d bytes, found %d"
              .formatted(descr, shape, expected, channel.size() - channel.position()));
    }
    float[] x = new float[shape.size()];
    int perChunk = CHUNK / dtype.bytes();
    for (int done = 0; done < x.length; ) {
      int count = Math.min(perChunk, x.length - done);
      ByteBuffer bytes = readFully(channel, file, count * dtype.bytes());
      for (int i = done; i < done + count; i++) {
        x[i] =
            switch (dtype) {
              case F16 -> Float.float16ToFloat(bytes.getShort());
              case F32 -> bytes.getFloat();
              default -> (float) bytes.getDouble();
            };
      }
      done += count;
    }
    return Tensor.of(x, shape);
  }

  private static String find(Pattern pattern, String header, Path file) throws IOException {
    Matcher found = pattern.matcher(header);
    if (!found.find()) {
      throw fault(file, "its header lacks descr, fortran_order or shape: " + header.strip());
    }
    return found.group(1);
  }

  private static Shape shape(String text, Path file) throws IOException {
    String[] lengths = text.isBlank() ? new String[0] : text.strip().split("\\s*,\\s*");
    int[] dims = new int[lengths.length];
    try {
      for (int i = 0; i < dims.length; i++) {
        dims[i] = Integer.parseInt(lengths[i]);
      }
      return Shape.ofDims(dims);
    } catch (NumberFormatException | ShapeException e) {
      throw new TensorFileException(message(file, "its shape is (" + text + ")"), e);
    }
  }

  private static ByteBuffer readFully(FileChannel channel, Path file, int count)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count).order(ByteOrder.LITTLE_ENDIAN);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes) < 0) {
        throw new EOFException(file + " ends at byte " + channel.position());
      }
    }
    return bytes.flip();
  }

  private static TensorFileException fault(Path file, String what) {
    return new TensorFileException(message(file, what));
  }

  private static String message(Path file, String what) {
    return file + " is not a usable npy file: " + what + ".";
  }
}
