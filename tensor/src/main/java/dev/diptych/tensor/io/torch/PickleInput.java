package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of a pickle, read from front to back. Lengths that the pickle claims are compared with
 * what is left before anything is allocated.
 */
final class PickleInput {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble BIG_ENDIAN_DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  /** Longest string, line and integer in bytes; checkpoints hold names and options, no books. */
  private static final int MAX_TEXT = 1 << 24;

  /** Longest pickle; the elements of tensors lie outside it. */
  private static final int MAX_PICKLE = 1 << 26;

  private static final int MAX_LINE = 1 << 10;
  private static final int MAX_INTEGER = 255;

  private final MemorySegment bytes;
  private final long begin;
  private long position;

  /** Reads {@code bytes} from {@code position} on. */
  PickleInput(MemorySegment bytes, long position) {
    this.bytes = bytes;
    this.begin = position;
    this.position = position;
  }

  /** Index of the next byte. */
  long position() {
    return position;
  }

  private long advance(long count) throws TensorFileException {
    long at = position;
    if (count < 0 || count > bytes.byteSize() - at) {
      throw Faults.damaged(
          "the pickle ends at byte %d, where %s more are due"
              .formatted(bytes.byteSize(), Long.toUnsignedString(count)));
    }
    if (at - begin + count > MAX_PICKLE) {
      throw Faults.unsupported("it has a pickle of more than %d bytes".formatted(MAX_PICKLE));
    }
    position += count;
    return at;
  }

  int unsignedByte() throws TensorFileException {
    return bytes.get(ValueLayout.JAVA_BYTE, advance(1)) & 0xFF;
  }

  int unsignedShort() throws TensorFileException {
    return unsignedByte() | unsignedByte() << 8;
  }

  int signedInt() throws TensorFileException {
    return bytes.get(INT, advance(4));
  }

  long unsignedInt() throws TensorFileException {
    return signedInt() & 0xFFFFFFFFL;
  }

  long signedLong() throws TensorFileException {
    return bytes.get(LONG, advance(8));
  }

  double bigEndianDouble() throws TensorFileException {
    return bytes.get(BIG_ENDIAN_DOUBLE, advance(8));
  }

  byte[] bytes(long length) throws TensorFileException {
    if (length > MAX_TEXT) {
      throw Faults.damaged(
          "a string at byte %d claims to have %s bytes"
              .formatted(position, Long.toUnsignedString(length)));
    }
    return bytes.asSlice(advance(length), length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** A string in UTF-8. */
  String text(long length) throws TensorFileException {
    long at = position;
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(length))).toString();
    } catch (CharacterCodingException e) {
      throw Faults.damaged("the string at byte " + at + " is not UTF-8", e);
    }
  }

  /** A two's complement integer, least significant byte first; no bytes are 0. */
  BigInteger integer(long length) throws TensorFileException {
    if (length < 0 || length > MAX_INTEGER) {
      throw Faults.damaged(
          "an integer at byte %d claims to have %d bytes".formatted(position, length));
    }
    byte[] little = bytes(length);
    byte[] big = new byte[little.length];
    for (int i = 0; i < big.length; i++) {
      big[i] = little[big.length - 1 - i];
    }
    return big.length == 0 ? BigInteger.ZERO : new BigInteger(big);
  }

  /** What comes before the next line feed. */
  String line() throws TensorFileException {
    long end = position;
    while (end < bytes.byteSize() && bytes.get(ValueLayout.JAVA_BYTE, end) != '\n') {
      if (end - position == MAX_LINE) {
        throw Faults.damaged("a name at byte " + position + " is longer than " + MAX_LINE);
      }
      end++;
    }
    String line = text(end - position);
    advance(1);
    return line;
  }
}
