package dev.diptych.kernels.contrastive;

import dev.diptych.kernels.memory.Floats;

/** Hands out the caller's scratch memory piece by piece. */
final class Scratch {
  private final Floats memory;
  private int used;

  Scratch(Floats memory) {
    this.memory = memory;
  }

  /** The next {@code length} floats, with whatever is in them. */
  Floats take(int length) {
    Floats piece = memory.slice(used, length);
    used += length;
    return piece;
  }

  /** Floats handed out so far. */
  int used() {
    return used;
  }
}
