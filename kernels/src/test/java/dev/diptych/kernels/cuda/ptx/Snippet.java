package dev.diptych.kernels.cuda.ptx;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A few instructions in a kernel of one warp around them: {@code %a}, {@code %b} and {@code %c}
 * hold the inputs of the lane, {@code %d} becomes the result. All are 64, 32 or 16 bits, as their
 * types say; {@code %h}, {@code %r}, {@code %rd}, {@code %f} and {@code %p} with 0 to 9 are free
 * for use.
 */
final class Snippet {
  private static final int LANES = 32;

  private Snippet() {}

  /** The kernel around {@code body}, with the types of d, a, b, c, such as {@code b32}. */
  static String kernel(String body, String... types) {
    StringBuilder text =
        new StringBuilder(
            """
            .version 8.0
            .target sm_90
            .address_size 64
            .visible .entry snippet(.param .u64 d, .param .u64 a, .param .u64 b, .param .u64 c)
            {
            .reg .pred %p<10>;
            .reg .b16 %h<10>;
            .reg .b32 %r<10>;
            .reg .f32 %f<10>;
            .reg .b64 %rd<10>;
            .reg .b64 %address;
            .reg .b32 %lane;
            .reg .b64 %offset;
            .shared .align 16 .b8 tile[1024];
            mov.u32 %lane, %tid.x;
            """);
    String[] names = {"d", "a", "b", "c"};
    for (int i = 0; i < types.length; i++) {
      text.append(".reg .").append(types[i]).append(" %").append(names[i]).append(";\n");
      if (i > 0) {
        append(text, names[i], types[i]);
        text.append(String.format("ld.global.%s %%%s, [%%address];%n", types[i], names[i]));
      }
    }
    text.append(body).append('\n');
    append(text, "d", types[0]);
    text.append(String.format("st.global.%s [%%address], %%d;%nret;%n}%n", types[0]));
    return text.toString();
  }

  private static void append(StringBuilder text, String parameter, String type) {
    text.append(
        String.format(
            "ld.param.u64 %%address, [%s];%n"
                + "mul.wide.u32 %%offset, %%lane, %d;%n"
                + "add.s64 %%address, %%address, %%offset;%n",
            parameter, bytes(type)));
  }

  private static int bytes(String type) {
    return Integer.parseInt(type.substring(1)) / 8;
  }

  /**
   * Runs {@code body} with inputs a, b, c, each one value a lane; the last is repeated if there are
   * fewer than 32. Results are sign-extended from their size.
   */
  static long[] run(String body, String[] types, long[]... inputs) {
    PtxMachine machine = new PtxMachine(1_000_000);
    Entry entry = machine.load(kernel(body, types)).entry("snippet");
    ByteBuffer parameters =
        ByteBuffer.allocate(entry.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    int size = bytes(types[0]);
    long d = machine.memory().allocate((long) size * LANES, "d");
    parameters.putLong(d);
    for (int i = 0; i < inputs.length; i++) {
      ByteBuffer column =
          ByteBuffer.allocate(bytes(types[i + 1]) * LANES).order(ByteOrder.LITTLE_ENDIAN);
      for (int lane = 0; lane < LANES; lane++) {
        put(column, bytes(types[i + 1]), inputs[i][Math.min(lane, inputs[i].length - 1)]);
      }
      long address = machine.memory().allocate(column.capacity(), "input " + i);
      machine.memory().write(address, MemorySegment.ofArray(column.array()));
      parameters.putLong(address);
    }
    machine.launch(entry, Extent.of(1), Extent.of(LANES), 0, parameters.array());
    byte[] bytes = new byte[size * LANES];
    machine.memory().read(d, MemorySegment.ofArray(bytes));
    ByteBuffer column = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long[] result = new long[LANES];
    for (int lane = 0; lane < LANES; lane++) {
      result[lane] = size == 8 ? column.getLong() : size == 4 ? column.getInt() : column.getShort();
    }
    return result;
  }

  private static void put(ByteBuffer column, int size, long value) {
    switch (size) {
      case 8 -> column.putLong(value);
      case 4 -> column.putInt((int) value);
      default -> column.putShort((short) value);
    }
  }

  /** One result of 32 bits from up to three inputs of 32 bits, the same in all lanes. */
  static int word(String body, int... inputs) {
    long[][] columns = new long[inputs.length][1];
    String[] types = new String[inputs.length + 1];
    types[0] = "b32";
    for (int i = 0; i < inputs.length; i++) {
      columns[i][0] = inputs[i];
      types[i + 1] = "b32";
    }
    return (int) run(body, types, columns)[0];
  }

  /** One f32 from up to three f32. */
  static float f32(String body, float... inputs) {
    int[] bits = new int[inputs.length];
    for (int i = 0; i < inputs.length; i++) {
      bits[i] = Float.floatToRawIntBits(inputs[i]);
    }
    return Float.intBitsToFloat(word(body, bits));
  }

  /** One result of 64 bits from up to three inputs of 64 bits. */
  static long wide(String body, long... inputs) {
    long[][] columns = new long[inputs.length][1];
    String[] types = new String[inputs.length + 1];
    types[0] = "b64";
    for (int i = 0; i < inputs.length; i++) {
      columns[i][0] = inputs[i];
      types[i + 1] = "b64";
    }
    return run(body, types, columns)[0];
  }
}
