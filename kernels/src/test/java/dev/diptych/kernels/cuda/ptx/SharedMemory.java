package dev.diptych.kernels.cuda.ptx;

import java.util.Arrays;

/** The shared memory of one block, with the red zones between its variables. */
final class SharedMemory extends Region {
  private final SharedLayout layout;
  private final int dynamicBytes;

  SharedMemory(SharedLayout layout, int dynamicBytes) {
    super(layout.extent(dynamicBytes));
    this.layout = layout;
    this.dynamicBytes = dynamicBytes;
    Arrays.fill(state, RED);
    for (SharedLayout.Variable variable : layout.variables()) {
      int size = variable.size() < 0 ? dynamicBytes : variable.size();
      Arrays.fill(state, variable.address(), variable.address() + size, EMPTY);
    }
  }

  @Override
  String describe(int at) {
    SharedLayout.Variable nearest = null;
    long distance = Long.MAX_VALUE;
    for (SharedLayout.Variable variable : layout.variables()) {
      int size = variable.size() < 0 ? dynamicBytes : variable.size();
      long end = (long) variable.address() + size;
      long away = at < variable.address() ? variable.address() - (long) at : at - end + 1;
      if (away < distance) {
        distance = away;
        nearest = variable;
      }
    }
    if (nearest == null) {
      return String.format("shared address 0x%x; the kernel has no shared memory", at);
    }
    int size = nearest.size() < 0 ? dynamicBytes : nearest.size();
    long past = at - (long) nearest.address();
    String where =
        past < 0
            ? -past + " bytes before the start of"
            : past >= size ? past - size + " bytes past the end of" : "byte " + past + " of";
    return String.format("shared address 0x%x, %s %s, %d bytes", at, where, nearest.name(), size);
  }
}
