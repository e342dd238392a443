package dev.diptych.kernels.cuda.ptx;

import java.util.Collection;
import java.util.Map;

/** The kernels of one PTX text, loaded into a {@link PtxMachine}. */
public final class PtxModule {
  private final Map<String, Entry> entries;

  PtxModule(Map<String, Entry> entries) {
    this.entries = entries;
  }

  /**
   * The kernel of this name.
   *
   * @throws IllegalArgumentException if there is none
   */
  public Entry entry(String name) {
    Entry entry = entries.get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "no kernel " + name + " in the module; it has " + entries.keySet());
    }
    return entry;
  }

  /** All kernels, in the order of the text. */
  public Collection<Entry> entries() {
    return entries.values();
  }
}
