package dev.diptych.kernels.memory;

/**
 * A run of {@code length} floats inside a heap array: the one kind of memory that CPU kernels read
 * and write. Heap arrays with an {@code int} offset compile reliably to full vector speed; memory
 * segments, and kernels that see two kinds of memory, do not.
 *
 * @param array the array that holds the run, shared, never copied
 * @param offset index of the first element
 * @param length number of elements
 */
public record Floats(float[] array, int offset, int length) {
  /** Checks that the run lies inside the array; throws {@link IndexOutOfBoundsException} if not. */
  public Floats {
    java.util.Objects.checkFromIndexSize(offset, length, array.length);
  }

  /** All of {@code array}. */
  public static Floats of(float... array) {
    return new Floats(array, 0, array.length);
  }

  /** A new run of {@code length} zeros in an array of its own. */
  public static Floats zeros(int length) {
    return of(new float[length]);
  }

  /** The part of this run that starts at {@code from} and has {@code size} elements. */
  public Floats slice(int from, int size) {
    java.util.Objects.checkFromIndexSize(from, size, length);
    return new Floats(array, offset + from, size);
  }

  /** Index just past the last element, in {@link #array}. */
  public int end() {
    return offset + length;
  }

  /** Sets every element to {@code value}. */
  public void fill(float value) {
    java.util.Arrays.fill(array, offset, end(), value);
  }

  /** Copies the elements of {@code source}, which must be as long as this run, into it. */
  public void copyFrom(Floats source) {
    if (source.length != length) {
      throw new IllegalArgumentException(
          "copyFrom: the source has " + source.length + " elements, the target " + length);
    }
    System.arraycopy(source.array, source.offset, array, offset, length);
  }

  /** A copy of the elements in an array of its own. */
  public float[] toArray() {
    return java.util.Arrays.copyOfRange(array, offset, end());
  }
}
