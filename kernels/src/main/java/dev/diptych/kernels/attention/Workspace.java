package dev.diptych.kernels.attention;

/**
 * The working memory of a thread: one array that grows to the largest head it met and is kept, so
 * that a training step allocates nothing here. {@link #take} hands out consecutive parts of it.
 */
final class Workspace {
  private static final ThreadLocal<Workspace> OWN = ThreadLocal.withInitial(Workspace::new);

  private float[] array = new float[0];
  private int taken;

  private Workspace() {}

  /** The calling thread's workspace with {@code length} floats, none taken yet. */
  static Workspace ofThread(int length) {
    Workspace own = OWN.get();
    if (own.array.length < length) {
      own.array = new float[length];
    }
    own.taken = 0;
    return own;
  }

  float[] array() {
    return array;
  }

  /** The offset of the next {@code length} floats, which hold anything. */
  int take(int length) {
    int offset = taken;
    taken += length;
    assert taken <= array.length;
    return offset;
  }
}
