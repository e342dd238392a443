package dev.diptych.kernels.cuda.ptx;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the shared variables of a kernel lie. Between two there is a red zone that nothing may
 * touch: an index one past the end of one does not fall into the next, as it would on the device.
 * And no variable is better aligned than it asks to be, so that luck is no help.
 */
final class SharedLayout {
  /** Bytes between two variables, at least. */
  private static final int RED_ZONE = 64;

  /** Where the array whose size the launch gives starts at least: no device gives less. */
  private static final int DYNAMIC_ALIGNMENT = 16;

  /** One variable. {@code size} is −1 for the one whose size the launch gives. */
  record Variable(String name, int address, int size) {}

  private final List<Variable> variables = new ArrayList<>();
  private int end = RED_ZONE;
  private int staticBytes;

  /** Places a variable of fixed size and returns its address. */
  int add(String name, int size, int alignment) {
    int address = oddMultiple(end, alignment);
    variables.add(new Variable(name, address, size));
    staticBytes = align(staticBytes, alignment) + size;
    end = address + size + RED_ZONE;
    return address;
  }

  /** Places an array whose size the launch gives, after all others, and returns its address. */
  int addDynamic(String name, int alignment) {
    int address = oddMultiple(end, Math.max(DYNAMIC_ALIGNMENT, alignment));
    variables.add(new Variable(name, address, -1));
    return address;
  }

  List<Variable> variables() {
    return variables;
  }

  /** What the device would count: the sum of the fixed sizes, with alignment. */
  int staticBytes() {
    return staticBytes;
  }

  /** Bytes from address 0 to the end of the last red zone. */
  int extent(int dynamicBytes) {
    int extent = end;
    for (Variable variable : variables) {
      if (variable.size() < 0) {
        extent = Math.max(extent, variable.address() + dynamicBytes + RED_ZONE);
      }
    }
    return align(extent, 16);
  }

  private static int align(int x, int to) {
    return (x + to - 1) / to * to;
  }

  private static int oddMultiple(int from, int alignment) {
    int units = (from + alignment - 1) / alignment;
    return (units | 1) * alignment;
  }
}
