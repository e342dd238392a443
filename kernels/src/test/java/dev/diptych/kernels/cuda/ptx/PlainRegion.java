package dev.diptych.kernels.cuda.ptx;

import java.util.Arrays;

/** The parameters of a launch, or the private memory of a thread. */
final class PlainRegion extends Region {
  private final String name;

  /** Private memory, with nothing in it. */
  PlainRegion(String name, int bytes) {
    super(bytes);
    this.name = name;
  }

  /** Memory that holds {@code content}. */
  PlainRegion(String name, byte[] content) {
    this(name, content.length);
    System.arraycopy(content, 0, data, 0, content.length);
    Arrays.fill(state, WRITTEN);
  }

  @Override
  String describe(int at) {
    return "byte " + at + " of " + name + ", " + data.length + " bytes";
  }
}
