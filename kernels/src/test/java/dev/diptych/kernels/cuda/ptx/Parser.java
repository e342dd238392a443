package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.Statements.Kind;
import dev.diptych.kernels.cuda.ptx.Statements.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a module: its target, its variables, and its kernels, whose bodies go to {@link
 * BodyParser}.
 */
final class Parser {
  private static final Pattern ENTRY =
      Pattern.compile(".*\\.entry ([\\w$]+) ?(?:\\((.*?)\\))?(.*)");
  private static final Pattern PARAMETER =
      Pattern.compile(
          "\\.param (?:\\.align (\\d+) )?\\.(\\w+)(?: \\.ptr[^%\\w$]*(?:\\.\\w+ |\\d+ )*)? ?"
              + "([\\w$]+)(?:\\[(\\d+)\\])?");
  private static final Pattern VARIABLE =
      Pattern.compile(
          ".*?\\.(shared|global|const|local) (?:\\.align (\\d+) )?\\.(\\w+) ([\\w$]+)"
              + "((?:\\[\\d*\\])*)(?: ?= ?(.*))?");

  private final List<Statement> statements;
  private final GlobalMemory memory;
  private final Scope names = new Scope(null);
  private final List<Variable> shared = new ArrayList<>();
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private String target = "sm_80";
  private int next;

  Parser(String text, GlobalMemory memory) {
    statements = Statements.of(text);
    this.memory = memory;
  }

  /** A declared variable. {@code bytes} is −1 where the launch gives the size. */
  record Variable(
      String space, String name, Type type, int bytes, int alignment, @Nullable String values) {}

  PtxModule parse() {
    while (next < statements.size()) {
      Statement statement = statements.get(next++);
      String text = statement.text();
      if (statement.kind() == Kind.OPEN) {
        if (text.contains(".entry ")) {
          entry(statement);
        } else if (text.startsWith(".section")) {
          skipBraces();
        } else {
          throw new PtxException(
              statement.line(), "functions that are not inlined are not known: " + text);
        }
      } else if (text.startsWith(".target")) {
        target = text.substring(".target".length()).strip().replaceAll("[ ,].*", "");
      } else if (!text.matches("\\.(version|address_size|file|pragma).*")) {
        moduleVariable(statement);
      }
    }
    return new PtxModule(entries);
  }

  private void skipBraces() {
    for (int depth = 1; depth > 0; next++) {
      Kind kind = statements.get(next).kind();
      depth += kind == Kind.OPEN ? 1 : kind == Kind.CLOSE ? -1 : 0;
    }
  }

  /** The declaration in {@code text}, or null if it is none. */
  static @Nullable Variable variable(String text) {
    Matcher matcher = VARIABLE.matcher(text);
    if (!matcher.matches()) {
      return null;
    }
    Type type = Type.named(matcher.group(3));
    if (type == null) {
      return null;
    }
    int count = 1;
    Matcher lengths = Pattern.compile("\\[(\\d*)\\]").matcher(matcher.group(5));
    while (lengths.find()) {
      count = lengths.group(1).isEmpty() ? -1 : count * Integer.parseInt(lengths.group(1));
    }
    int alignment = matcher.group(2) == null ? type.bytes : Integer.parseInt(matcher.group(2));
    return new Variable(
        matcher.group(1),
        matcher.group(4),
        type,
        count < 0 ? -1 : count * type.bytes,
        alignment,
        matcher.group(6));
  }

  private void moduleVariable(Statement statement) {
    Variable variable = variable(statement.text());
    if (variable == null) {
      throw new PtxException(statement.line(), "not understood: " + statement.text());
    }
    if (variable.space().equals("shared")) {
      shared.add(variable);
      return;
    }
    long address = memory.allocate(variable.bytes(), variable.name());
    names.put(variable.name(), new Operand.Variable(variable.name(), address));
    memory.fill(address, variable.bytes(), (byte) 0);
    if (variable.values() != null) {
      initialise(statement, variable, address);
    }
  }

  private void initialise(Statement statement, Variable variable, long address) {
    String values = String.valueOf(variable.values()).replaceAll("[{}]", "").strip();
    GlobalMemory.Allocation allocation = memory.at(address);
    int at = 0;
    for (String value : Operands.split(values)) {
      Operand operand = Operands.number(value.strip());
      if (operand instanceof Operand.Constant constant) {
        allocation.store(at, variable.type().bytes, constant.bits());
        at += variable.type().bytes;
      } else {
        throw new PtxException(statement.line(), "initial value not understood: " + value);
      }
    }
  }

  private void entry(Statement head) {
    Matcher matcher = ENTRY.matcher(head.text());
    if (!matcher.matches()) {
      throw new PtxException(head.line(), "not understood: " + head.text());
    }
    Scope scope = new Scope(names);
    List<Parameter> parameters =
        parameters(head, matcher.group(2) == null ? "" : matcher.group(2), scope);
    int bodyStart = next;
    skipBraces();
    List<Statement> body = statements.subList(bodyStart, next - 1);
    BodyParser parser = new BodyParser(body, scope, sharedOf(body));
    List<Instruction> code = parser.parse();
    String hints = matcher.group(3);
    Extent exact = extent(hints, "reqntid");
    Extent most = extent(hints, "maxntid");
    String name = matcher.group(1);
    entries.put(
        name,
        new Entry(
            name,
            target,
            parameters,
            exact != null ? exact : most,
            exact != null,
            parser.registers(),
            parser.shared(),
            parser.localBytes(),
            code));
  }

  private static List<Parameter> parameters(Statement head, String list, Scope scope) {
    List<Parameter> parameters = new ArrayList<>();
    int end = 0;
    for (String declaration : Operands.split(list)) {
      Matcher matcher = PARAMETER.matcher(declaration.strip());
      Type type = matcher.matches() ? Type.named(matcher.group(2)) : null;
      if (type == null) {
        throw new PtxException(head.line(), "parameter not understood: " + declaration);
      }
      int count = matcher.group(4) == null ? 1 : Integer.parseInt(matcher.group(4));
      int alignment = matcher.group(1) == null ? type.bytes : Integer.parseInt(matcher.group(1));
      int offset = (end + alignment - 1) / alignment * alignment;
      Parameter parameter = new Parameter(matcher.group(3), offset, count * type.bytes, alignment);
      parameters.add(parameter);
      scope.put(parameter.name(), new Operand.Variable(parameter.name(), offset));
      end = offset + parameter.size();
    }
    return parameters;
  }

  /** The module's shared variables that a kernel mentions. */
  private List<Variable> sharedOf(List<Statement> body) {
    List<Variable> used = new ArrayList<>();
    for (Variable variable : shared) {
      Pattern mention =
          Pattern.compile("(?<![\\w$])" + Pattern.quote(variable.name()) + "(?![\\w$])");
      if (body.stream().anyMatch(s -> mention.matcher(s.text()).find())) {
        used.add(variable);
      }
    }
    return used;
  }

  private static @Nullable Extent extent(String hints, String directive) {
    Matcher matcher =
        Pattern.compile("\\." + directive + " (\\d+)(?: ?, ?(\\d+))?(?: ?, ?(\\d+))?")
            .matcher(hints);
    if (!matcher.find()) {
      return null;
    }
    return new Extent(
        Integer.parseInt(matcher.group(1)),
        matcher.group(2) == null ? 1 : Integer.parseInt(matcher.group(2)),
        matcher.group(3) == null ? 1 : Integer.parseInt(matcher.group(3)));
  }
}
