package dev.diptych.kernels.cuda.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What stands between the commas of an instruction. */
sealed interface Operand {
  /** A register, as its row in the warp's registers of its class. */
  record Register(String name, Type type, int row) implements Operand {}

  /** A number in the text: an integer, or the bits of a float of {@code type} F32 or F64. */
  record Constant(long bits, @Nullable Type type) implements Operand {}

  /** A register that the hardware fills: {@code %tid.x}. */
  record Special(String name) implements Operand {}

  /** A variable or a parameter, standing for its address in its own space. */
  record Variable(String name, long address) implements Operand {}

  /** {@code [base + offset]}. */
  record Address(Operand base, long offset) implements Operand {}

  /** {@code {a, b, c, d}}. */
  record Group(List<Operand> members) implements Operand {}

  /** {@code a|b}: two results. */
  record Pair(Operand first, Operand second) implements Operand {}

  /** A branch target, as the number of the instruction it stands before. */
  record Label(String name, int target) implements Operand {}

  /** {@code _}: a result that nobody wants. */
  record Sink() implements Operand {}
}
