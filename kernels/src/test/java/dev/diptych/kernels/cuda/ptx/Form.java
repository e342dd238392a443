package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An instruction as it is written, while it is being decoded. Whoever decodes it takes the
 * modifiers that it understands and asks for the operands in the class it needs; {@link #finish}
 * refuses what nobody took, so that no modifier is ever ignored.
 */
final class Form {
  private final int line;
  private final String text;
  private final int guard;
  private final boolean guardNegated;
  private final String base;
  private final List<String> modifiers;
  private final List<Type> types = new ArrayList<>();
  private final List<Operand> operands;
  private final Registers registers;
  private final List<Integer> wordReads = new ArrayList<>();
  private final List<Integer> wideReads = new ArrayList<>();
  private final List<Integer> predicateReads = new ArrayList<>();
  private final List<Integer> wordWrites = new ArrayList<>();
  private final List<Integer> wideWrites = new ArrayList<>();
  private final List<Integer> predicateWrites = new ArrayList<>();
  private boolean passesOn;

  Form(
      int line,
      String text,
      int guard,
      boolean guardNegated,
      String opcode,
      List<Operand> operands,
      Registers registers) {
    this.line = line;
    this.text = text;
    this.guard = guard;
    this.guardNegated = guardNegated;
    this.operands = operands;
    this.registers = registers;
    modifiers = new ArrayList<>(List.of(opcode.split("\\.|::", -1)));
    base = modifiers.removeFirst();
    modifiers.removeIf(name -> {
      Type type = Type.named(name);
      return type != null && types.add(type);
    });
  }

  /** The first part of the name: {@code ld} of {@code ld.global.f32}. */
  String base() {
    return base;
  }

  /** Takes the modifier {@code name} if it is there. */
  boolean take(String name) {
    return modifiers.remove(name);
  }

  /** Takes the one of these modifiers that is there, or returns null. */
  @Nullable String takeOneOf(String... names) {
    for (String name : names) {
      if (modifiers.remove(name)) {
        return name;
      }
    }
    return null;
  }

  /** Takes one of these modifiers. */
  String require(String... names) {
    String found = takeOneOf(names);
    if (found == null) {
      throw unknown("none of ." + String.join(", .", names));
    }
    return found;
  }

  /** The last type in the name: that of the operation, or of the source of a conversion. */
  Type type() {
    if (types.isEmpty()) {
      throw unknown("no type");
    }
    return types.getLast();
  }

  /** Type number {@code i}, from the left. */
  Type type(int i) {
    if (i >= types.size()) {
      throw unknown("too few types");
    }
    return types.get(i);
  }

  int typeCount() {
    return types.size();
  }

  /** Refuses the instruction if a modifier is left over. */
  Form finish() {
    if (!modifiers.isEmpty()) {
      throw unknown("modifier ." + modifiers.getFirst());
    }
    return this;
  }

  /** An exception that names the instruction. */
  PtxException unknown(String what) {
    return new PtxException(
        line, "the interpreter does not know this instruction (" + what + "): " + text);
  }

  /** From now on unwritten operands do not stop it, its result is unwritten as well. */
  void passOn() {
    passesOn = true;
  }

  // ---- operands

  int count() {
    return operands.size();
  }

  Operand operand(int i) {
    if (i >= operands.size()) {
      throw unknown("too few operands");
    }
    return operands.get(i);
  }

  /** The row of up to 32 bits that operand {@code i} is read from. */
  int word(int i) {
    return word(operand(i));
  }

  int word(Operand operand) {
    return switch (operand) {
      case Operand.Register register -> {
        if (register.type() == Type.PRED || register.type().isWide()) {
          throw unknown(register.name() + " has the wrong size");
        }
        wordReads.add(register.row());
        yield register.row();
      }
      case Operand.Constant constant -> registers.wordConstant((int) constant.bits());
      case Operand.Special special -> registers.special(special.name());
      case Operand.Variable variable -> registers.wordConstant((int) variable.address());
      default -> throw unknown("operand " + operand);
    };
  }

  /** The row of 64 bits that operand {@code i} is read from. */
  int wide(int i) {
    return wide(operand(i));
  }

  int wide(Operand operand) {
    return switch (operand) {
      case Operand.Register register -> {
        if (!register.type().isWide()) {
          throw unknown(register.name() + " has the wrong size");
        }
        wideReads.add(register.row());
        yield register.row();
      }
      case Operand.Constant constant -> registers.wideConstant(constant.bits());
      case Operand.Variable variable -> registers.wideConstant(variable.address());
      default -> throw unknown("operand " + operand);
    };
  }

  /** Where operand {@code i} of this type is read from, whichever its class. */
  Source source(int i, Type type) {
    return source(operand(i), type);
  }

  Source source(Operand operand, Type type) {
    boolean wide =
        operand instanceof Operand.Register register
            ? register.type().isWide()
            : type.isWide() && !(operand instanceof Operand.Special);
    return new Source(wide, wide ? wide(operand) : word(operand));
  }

  /** The predicate that operand {@code i} is. */
  int predicate(int i) {
    Operand operand = operand(i);
    if (operand instanceof Operand.Register register && register.type() == Type.PRED) {
      predicateReads.add(register.row());
      return register.row();
    }
    if (operand instanceof Operand.Constant constant) {
      return registers.predicateConstant(constant.bits() != 0);
    }
    throw unknown("operand " + i + " is no predicate");
  }

  /** Whether operand {@code i} is a predicate register. */
  boolean isPredicate(int i) {
    return operand(i) instanceof Operand.Register register && register.type() == Type.PRED;
  }

  /** The register of up to 32 bits that operand {@code i} is written to. */
  int wordTarget(int i) {
    return target(operand(i), false).row();
  }

  /** The register of 64 bits that operand {@code i} is written to. */
  int wideTarget(int i) {
    return target(operand(i), true).row();
  }

  /** The register that is written to: its class, row and size. */
  Target target(Operand operand, boolean wideIfSink) {
    if (operand instanceof Operand.Sink) {
      return wideIfSink
          ? new Target(true, registers.scratchWide(), 8)
          : new Target(false, registers.scratchWord(), 4);
    }
    if (operand instanceof Operand.Register register && register.type() != Type.PRED) {
      boolean wide = register.type().isWide();
      (wide ? wideWrites : wordWrites).add(register.row());
      return new Target(wide, register.row(), register.type().bytes);
    }
    throw unknown("operand " + operand + " cannot be written to");
  }

  /** The predicate that is written to. */
  int predicateTarget(Operand operand) {
    if (operand instanceof Operand.Sink) {
      return registers.scratchPredicate();
    }
    if (operand instanceof Operand.Register register && register.type() == Type.PRED) {
      predicateWrites.add(register.row());
      return register.row();
    }
    throw unknown("operand " + operand + " is no predicate");
  }

  /** The members of a group in braces, or the operand itself. */
  List<Operand> group(int i) {
    Operand operand = operand(i);
    return operand instanceof Operand.Group group ? group.members() : List.of(operand);
  }

  /** The rows of up to 32 bits that the members of a group are read from. */
  int[] words(int i) {
    return group(i).stream().mapToInt(this::word).toArray();
  }

  /** The rows of up to 32 bits that the members of a group are written to. */
  int[] wordTargets(int i) {
    return group(i).stream().mapToInt(o -> target(o, false).row()).toArray();
  }

  /** Operand {@code i}, which must be an integer in the text. */
  long constant(int i) {
    if (operand(i) instanceof Operand.Constant constant) {
      return constant.bits();
    }
    throw unknown("operand " + i + " must be a number");
  }

  /** A place in memory: {@code [base + offset]}. */
  Place place(int i) {
    if (operand(i) instanceof Operand.Address address) {
      return new Place(source(address.base(), Type.B64), address.offset());
    }
    throw unknown("operand " + i + " is no address");
  }

  /** A row of registers to read: of 64 bits, or of up to 32. */
  record Source(boolean wide, int row) {
    /** The bits, zero-extended from 32. */
    long bits(Warp warp, int lane) {
      int at = row * Warp.LANES + lane;
      return wide ? warp.wides[at] : warp.words[at] & 0xffff_ffffL;
    }
  }

  /** A row of registers to write. */
  record Target(boolean wide, int row, int bytes) {
    /** Writes as many of the low bits as the register has. */
    void set(Warp warp, int lane, long bits) {
      int at = row * Warp.LANES + lane;
      if (wide) {
        warp.wides[at] = bits;
      } else {
        warp.words[at] = bytes == 2 ? (int) bits & 0xffff : (int) bits;
      }
    }
  }

  /** An address: a register and a constant. */
  record Place(Source base, long offset) {
    /** In 32-bit arithmetic for a 32-bit register. */
    long address(Warp warp, int lane) {
      int at = base.row() * Warp.LANES + lane;
      return base.wide() ? warp.wides[at] + offset : (warp.words[at] + (int) offset) & 0xffff_ffffL;
    }
  }

  // ---- what the instruction keeps

  int line() {
    return line;
  }

  String text() {
    return text;
  }

  int guard() {
    return guard;
  }

  boolean guardNegated() {
    return guardNegated;
  }

  boolean passesOn() {
    return passesOn;
  }

  int[] wordReads() {
    return Instruction.rows(wordReads);
  }

  int[] wideReads() {
    return Instruction.rows(wideReads);
  }

  int[] predicateReads() {
    return Instruction.rows(predicateReads);
  }

  int[] wordWrites() {
    return Instruction.rows(wordWrites);
  }

  int[] wideWrites() {
    return Instruction.rows(wideWrites);
  }

  int[] predicateWrites() {
    return Instruction.rows(predicateWrites);
  }
}
