package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.Statements.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the body of a kernel in two passes: first declarations and labels, which may come after
 * their use, then the instructions.
 */
final class BodyParser {
  private static final Pattern INSTRUCTION =
      Pattern.compile("(?:@(!?)([%\\w$]+) )?([a-z][\\w.:]*)(?: ?(.*))?");
  private static final Pattern NUMBERED = Pattern.compile("(%?[\\w$]+)<(\\d+)>");

  private final List<Statement> body;
  private final Scope outermost;
  private final List<Parser.Variable> sharedVariables;
  private final Registers registers = new Registers();
  private final SharedLayout shared = new SharedLayout();
  private final List<Placed> instructions = new ArrayList<>();
  private final Map<String, Placed> tableTexts = new HashMap<>();
  private int localBytes;

  /** An instruction and the names it can see. */
  private record Placed(Statement statement, Scope scope) {}

  BodyParser(List<Statement> body, Scope scope, List<Parser.Variable> sharedVariables) {
    this.body = body;
    outermost = scope;
    this.sharedVariables = new ArrayList<>(sharedVariables);
  }

  List<Instruction> parse() {
    declarations();
    placeShared();
    Map<String, List<Integer>> tables = new HashMap<>();
    tableTexts.forEach((name, placed) -> tables.put(name, table(placed)));
    List<Instruction> code = new ArrayList<>();
    for (Placed placed : instructions) {
      code.add(Decoder.decode(form(placed), tables));
    }
    // A body that runs past its end returns.
    code.add(
        Control.exit(
            new Form(lastLine(), "end of the kernel", -1, false, "ret", List.of(), registers)));
    return code;
  }

  private int lastLine() {
    return body.isEmpty() ? 0 : body.getLast().line();
  }

  private void declarations() {
    Scope scope = outermost;
    List<Scope> enclosing = new ArrayList<>();
    String label = "";
    for (Statement statement : body) {
      String text = statement.text();
      switch (statement.kind()) {
        case OPEN -> {
          enclosing.add(scope);
          scope = new Scope(scope);
        }
        case CLOSE -> scope = enclosing.removeLast();
        case LABEL -> {
          scope.put(text, new Operand.Label(text, instructions.size()));
          label = text;
        }
        case PLAIN -> {
          if (text.startsWith(".reg")) {
            declareRegisters(statement, scope);
          } else if (text.startsWith(".branchtargets")) {
            tableTexts.put(label, new Placed(statement, scope));
          } else if (text.startsWith(".loc ") || text.startsWith(".pragma")) {
            continue;
          } else if (text.startsWith(".")) {
            declareVariable(statement, scope);
          } else if (!text.isEmpty()) {
            instructions.add(new Placed(statement, scope));
          }
        }
      }
    }
  }

  private void declareRegisters(Statement statement, Scope scope) {
    String[] parts = statement.text().substring(".reg".length()).strip().split(" ", 2);
    Type type = Type.named(parts[0].substring(1));
    if (type == null || parts.length < 2) {
      throw new PtxException(statement.line(), "registers of a type unknown here: " + parts[0]);
    }
    for (String name : Operands.split(parts[1])) {
      Matcher numbered = NUMBERED.matcher(name);
      if (numbered.matches()) {
        for (int i = 0; i < Integer.parseInt(numbered.group(2)); i++) {
          String each = numbered.group(1) + i;
          scope.put(each, registers.declare(each, type));
        }
      } else {
        scope.put(name, registers.declare(name, type));
      }
    }
  }

  private void declareVariable(Statement statement, Scope scope) {
    Parser.Variable variable = Parser.variable(statement.text());
    if (variable == null) {
      throw new PtxException(statement.line(), "not understood: " + statement.text());
    }
    switch (variable.space()) {
      case "shared" -> sharedVariables.add(variable);
      case "local" -> {
        int address =
            (localBytes + variable.alignment() - 1) / variable.alignment() * variable.alignment();
        localBytes = address + variable.bytes();
        scope.put(variable.name(), new Operand.Variable(variable.name(), address));
      }
      default ->
          throw new PtxException(statement.line(), "not known in a kernel: " + statement.text());
    }
  }

  /** Arrays whose size the launch gives come last. */
  private void placeShared() {
    for (Parser.Variable variable : sharedVariables) {
      if (variable.bytes() >= 0) {
        int address = shared.add(variable.name(), variable.bytes(), variable.alignment());
        outermost.put(variable.name(), new Operand.Variable(variable.name(), address));
      }
    }
    for (Parser.Variable variable : sharedVariables) {
      if (variable.bytes() < 0) {
        int address = shared.addDynamic(variable.name(), variable.alignment());
        outermost.put(variable.name(), new Operand.Variable(variable.name(), address));
      }
    }
  }

  private List<Integer> table(Placed placed) {
    List<Integer> targets = new ArrayList<>();
    String list = placed.statement.text().substring(".branchtargets".length());
    for (String name : Operands.split(list)) {
      if (placed.scope.find(name) instanceof Operand.Label label) {
        targets.add(label.target());
      } else {
        throw new PtxException(placed.statement.line(), "no label " + name);
      }
    }
    return targets;
  }

  private Form form(Placed placed) {
    Statement statement = placed.statement;
    Matcher matcher = INSTRUCTION.matcher(statement.text());
    if (!matcher.matches()) {
      throw new PtxException(statement.line(), "not understood: " + statement.text());
    }
    int guard = -1;
    String guardName = matcher.group(2);
    if (guardName != null) {
      if (placed.scope.find(guardName) instanceof Operand.Register register
          && register.type() == Type.PRED) {
        guard = register.row();
      } else {
        throw new PtxException(statement.line(), "no predicate " + guardName);
      }
    }
    String list = matcher.group(4) == null ? "" : matcher.group(4);
    String opcode = matcher.group(3);
    if (opcode.startsWith("call")) {
      throw new PtxException(
          statement.line(), "calls are not known; functions must be inlined: " + statement.text());
    }
    List<Operand> operands =
        Operands.split(list).stream()
            .map(t -> Operands.parse(t, placed.scope, statement.line()))
            .toList();
    return new Form(
        statement.line(),
        statement.text(),
        guard,
        "!".equals(matcher.group(1)),
        opcode,
        operands,
        registers);
  }

  Registers registers() {
    return registers;
  }

  SharedLayout shared() {
    return shared;
  }

  int localBytes() {
    return localBytes;
  }
}
