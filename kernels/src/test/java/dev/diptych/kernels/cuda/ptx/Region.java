package dev.diptych.kernels.cuda.ptx;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * A piece of memory: an allocation, the shared memory of a block, the private memory of a thread.
 * Beside every byte there is a second one that tells what is known of it, so that each access is
 * checked with one comparison.
 */
abstract class Region {
  /** Nothing was written here. */
  static final byte EMPTY = 0;

  /** Something was. */
  static final byte WRITTEN = 1;

  /** An asynchronous copy will write here, at some time before it is waited for. */
  static final byte PENDING = 2;

  /** Belongs to nobody. */
  static final byte RED = 4;

  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long ALL_WRITTEN = 0x0101_0101_0101_0101L * WRITTEN;
  private static final long UNTOUCHABLE = 0x0101_0101_0101_0101L * (PENDING | RED);

  final byte[] data;
  final byte[] state;

  Region(int bytes) {
    data = new byte[bytes];
    state = new byte[bytes];
  }

  /** In words: which memory this is, and what lies at byte {@code at} of it. */
  abstract String describe(int at);

  /** Reads {@code bytes} = 1, 2, 4 or 8 bytes, zero-extended. */
  final long load(int at, int bytes) {
    checkReadable(at, bytes);
    return peek(at, bytes);
  }

  /** Writes {@code bytes} = 1, 2, 4 or 8 bytes. */
  final void store(int at, int bytes, long value) {
    checkWritable(at, bytes);
    poke(at, bytes, value);
    mark(at, bytes, WRITTEN);
  }

  /** Refuses what is not aligned to {@code alignment}, a power of two. */
  final void checkAligned(int at, int alignment) {
    if ((at & alignment - 1) != 0) {
      throw new Violation(
          Fault.Kind.MISALIGNED,
          "access of "
              + alignment
              + " bytes at an address that is no multiple of "
              + alignment
              + ": "
              + describe(at));
    }
  }

  /** Refuses bytes that do not exist, that nothing was written to, or that are on their way. */
  final void checkReadable(int at, int bytes) {
    if (at < 0 || at > data.length - bytes || !states(at, bytes, ALL_WRITTEN, 0)) {
      throw refusal(at, bytes, true);
    }
  }

  /** Refuses bytes that do not exist or that a copy is on its way to. */
  final void checkWritable(int at, int bytes) {
    if (at < 0 || at > data.length - bytes || !states(at, bytes, 0, UNTOUCHABLE)) {
      throw refusal(at, bytes, false);
    }
  }

  /** Whether all bytes have the bits {@code set} and none has a bit of {@code clear}. */
  private boolean states(int at, int bytes, long set, long clear) {
    return switch (bytes) {
      case 1 -> fits(state[at], set, clear, 0xffL);
      case 2 -> fits((short) SHORT.get(state, at), set, clear, 0xffffL);
      case 4 -> fits((int) INT.get(state, at), set, clear, 0xffff_ffffL);
      case 8 -> fits((long) LONG.get(state, at), set, clear, -1);
      case 16 ->
          fits((long) LONG.get(state, at), set, clear, -1)
              && fits((long) LONG.get(state, at + 8), set, clear, -1);
      default -> statesOneByOne(at, bytes, set, clear);
    };
  }

  private boolean statesOneByOne(int at, int bytes, long set, long clear) {
    for (int i = at; i < at + bytes; i++) {
      if (!fits(state[i], set, clear, 0xffL)) {
        return false;
      }
    }
    return true;
  }

  private static boolean fits(long states, long set, long clear, long width) {
    return (~states & set & width) == 0 && (states & clear & width) == 0;
  }

  private Violation refusal(int at, int bytes, boolean read) {
    String what = (read ? "read of " : "write of ") + bytes + " bytes ";
    if (at < 0 || at >= data.length) {
      return new Violation(Fault.Kind.OUT_OF_BOUNDS, what + "at " + describe(at));
    }
    if (at > data.length - bytes) {
      return new Violation(Fault.Kind.OUT_OF_BOUNDS, what + "across the end, at " + describe(at));
    }
    for (int i = at; i < at + bytes; i++) {
      switch (state[i]) {
        case RED -> {
          return new Violation(Fault.Kind.OUT_OF_BOUNDS, what + "at " + describe(i));
        }
        case PENDING -> {
          return new Violation(
              Fault.Kind.NOT_WAITED_FOR,
              what + "that an asynchronous copy has not been waited for: " + describe(i));
        }
        case EMPTY -> {
          if (read) {
            return new Violation(
                Fault.Kind.UNINITIALISED, what + "that nothing was written to: " + describe(i));
          }
        }
        default -> {}
      }
    }
    throw new AssertionError("nothing to refuse");
  }

  /** Reads without a check. */
  final long peek(int at, int bytes) {
    return switch (bytes) {
      case 1 -> data[at] & 0xff;
      case 2 -> (short) SHORT.get(data, at) & 0xffff;
      case 4 -> (int) INT.get(data, at) & 0xffff_ffffL;
      default -> (long) LONG.get(data, at);
    };
  }

  /** Writes without a check. */
  final void poke(int at, int bytes, long value) {
    switch (bytes) {
      case 1 -> data[at] = (byte) value;
      case 2 -> SHORT.set(data, at, (short) value);
      case 4 -> INT.set(data, at, (int) value);
      default -> LONG.set(data, at, value);
    }
  }

  /** Notes what is known of {@code bytes} bytes. */
  final void mark(int at, int bytes, byte as) {
    switch (bytes) {
      case 1 -> state[at] = as;
      case 2 -> SHORT.set(state, at, (short) (as * 0x0101));
      case 4 -> INT.set(state, at, as * 0x0101_0101);
      case 8 -> LONG.set(state, at, as * 0x0101_0101_0101_0101L);
      case 16 -> {
        LONG.set(state, at, as * 0x0101_0101_0101_0101L);
        LONG.set(state, at + 8, as * 0x0101_0101_0101_0101L);
      }
      default -> {
        for (int i = at; i < at + bytes; i++) {
          state[i] = as;
        }
      }
    }
  }
}
