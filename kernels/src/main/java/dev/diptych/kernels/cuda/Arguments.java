package dev.diptych.kernels.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The arguments of a kernel, packed as it reads them: in order, each at the next multiple of its
 * own size.
 *
 * <pre>{@code
 * new Arguments().pointer(x).pointer(y).int32(n)
 * }</pre>
 */
public final class Arguments {
  /** More than CUDA passes to a kernel that is built for any GPU. */
  private static final int MOST_BYTES = 4096;

  private ByteBuffer packed = ByteBuffer.allocate(128).order(ByteOrder.nativeOrder());
  private final StringBuilder kinds = new StringBuilder();
  private long bitsOfPointers;
  private long[] bytesPointedTo = new long[12];
  private int pointers;

  /** No arguments yet. */
  public Arguments() {}

  /** A pointer to the first byte of {@code memory}; a null pointer for null. */
  public Arguments pointer(@Nullable DeviceMemory memory) {
    long address = memory == null ? 0 : memory.address();
    bitsOfPointers |= address;
    if (pointers == bytesPointedTo.length) {
      bytesPointedTo = Arrays.copyOf(bytesPointedTo, 2 * pointers);
    }
    bytesPointedTo[pointers++] = memory == null ? 0 : memory.bytes();
    place(Long.BYTES, 'p').putLong(address);
    return this;
  }

  /** Whether every pointer is a multiple of {@code bytes}, a power of two. */
  public boolean pointersAreMultiplesOf(int bytes) {
    return (bitsOfPointers & (bytes - 1)) == 0;
  }

  /** An {@code int}. */
  public Arguments int32(int value) {
    place(Integer.BYTES, 'i').putInt(value);
    return this;
  }

  /** A {@code long long}. */
  public Arguments int64(long value) {
    place(Long.BYTES, 'l').putLong(value);
    return this;
  }

  /** A {@code float}. */
  public Arguments float32(float value) {
    place(Float.BYTES, 'f').putFloat(value);
    return this;
  }

  private ByteBuffer place(int size, char kind) {
    int at = Math.ceilDiv(packed.position(), size) * size;
    if (at + size > MOST_BYTES) {
      throw new IllegalArgumentException("more than " + MOST_BYTES + " bytes of arguments");
    }
    if (at + size > packed.capacity()) {
      packed =
          ByteBuffer.allocate(2 * packed.capacity())
              .order(ByteOrder.nativeOrder())
              .put(packed.flip());
    }
    kinds.append(kind);
    return packed.position(at);
  }

  /** How many bytes the arguments take. */
  public int size() {
    return packed.position();
  }

  /** The packed bytes, to be read from 0 to {@link #size}, in the machine's byte order. */
  public ByteBuffer packed() {
    return packed.duplicate().flip().order(ByteOrder.nativeOrder());
  }

  /**
   * The arguments in order, for messages, pointers with the bytes that they point to: {@code
   * (0x7f0000000[48 bytes], 12, 1.0E-5)}.
   */
  @Override
  public String toString() {
    StringJoiner text = new StringJoiner(", ", "(", ")");
    int at = 0;
    int pointer = 0;
    for (int i = 0; i < kinds.length(); i++) {
      char kind = kinds.charAt(i);
      int size = kind == 'p' || kind == 'l' ? Long.BYTES : Integer.BYTES;
      at = Math.ceilDiv(at, size) * size;
      text.add(
          switch (kind) {
            case 'p' -> pointed(packed.getLong(at), bytesPointedTo[pointer++]);
            case 'l' -> Long.toString(packed.getLong(at));
            case 'f' -> Float.toString(packed.getFloat(at));
            default -> Integer.toString(packed.getInt(at));
          });
      at += size;
    }
    return text.toString();
  }

  private static String pointed(long address, long bytes) {
    return address == 0 ? "null" : "0x" + Long.toHexString(address) + "[" + bytes + " bytes]";
  }
}
