package dev.diptych.kernels.cuda.ptx;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The names within a pair of braces; inline assembly has braces of its own. */
final class Scope {
  private final @Nullable Scope outer;
  private final Map<String, Operand> names = new HashMap<>();

  Scope(@Nullable Scope outer) {
    this.outer = outer;
  }

  void put(String name, Operand operand) {
    names.put(name, operand);
  }

  /** What {@code name} stands for here or further out, or null. */
  @Nullable Operand find(String name) {
    Operand found = names.get(name);
    return found != null || outer == null ? found : outer.find(name);
  }
}
