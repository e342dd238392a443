package dev.diptych.kernels.cuda.ptx;

import java.util.List;
import java.util.Map;

/**
 * From the name of an instruction to the family that knows it. What no family knows is refused by
 * name and line: an instruction is done as the device does it or not at all.
 */
final class Decoder {
  private Decoder() {}

  /**
   * @param tables the jump tables of the kernel, by name
   */
  static Instruction decode(Form form, Map<String, List<Integer>> tables) {
    return switch (form.base()) {
      case "add", "sub", "mul", "mad", "fma", "div", "min", "max", "abs", "neg" -> arithmetic(form);
      case "rem",
          "sad",
          "cnot",
          "shl",
          "shr",
          "shf",
          "popc",
          "clz",
          "brev",
          "bfind",
          "bfe",
          "bfi",
          "lop3",
          "prmt",
          "dp4a" ->
          Integers.decode(form);
      case "and", "or", "xor", "not" ->
          form.type() == Type.PRED ? Comparisons.decode(form) : Integers.decode(form);
      case "rcp", "sqrt", "rsqrt", "ex2", "lg2", "sin", "cos", "tanh", "copysign" ->
          arithmetic(form);
      case "setp", "set", "selp", "slct", "testp" -> Comparisons.decode(form);
      case "cvt" -> Conversions.decode(form);
      case "mov" -> Moves.move(form);
      case "cvta" -> Moves.convertAddress(form);
      case "isspacep" -> Moves.isInSpace(form);
      case "ld", "ldu" -> Accesses.load(form);
      case "st" -> Accesses.store(form);
      case "atom", "red" -> Atomics.decode(form);
      case "cp" -> AsyncCopies.decode(form);
      case "bra" -> Control.branch(form);
      case "brx" -> Control.branchByIndex(form, table(form, tables));
      case "ret", "exit" -> Control.exit(form);
      case "trap" -> Control.trap(form);
      case "bar", "barrier" -> Control.barrier(form);
      case "membar", "fence" -> Control.fence(form);
      case "shfl", "vote", "match", "redux", "activemask", "elect" -> Collectives.decode(form);
      case "ldmatrix", "stmatrix" -> Matrices.decode(form);
      case "mma" -> Mma.decode(form);
      default -> throw form.unknown(form.base());
    };
  }

  private static Instruction arithmetic(Form form) {
    Type type = form.type();
    return type.isHalf()
        ? Halves.decode(form)
        : type.isFloat() ? Floats.decode(form) : Integers.decode(form);
  }

  private static List<Integer> table(Form form, Map<String, List<Integer>> tables) {
    String name =
        form.operand(1) instanceof Operand.Label label ? label.name() : form.operand(1).toString();
    List<Integer> targets = tables.get(name);
    if (targets == null) {
      throw form.unknown("no jump table " + name);
    }
    return targets;
  }
}
