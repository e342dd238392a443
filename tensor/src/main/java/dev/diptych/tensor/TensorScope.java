package dev.diptych.tensor;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.VectorModule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Owns the memory of tensors. Weights live in the model's scope, activations in the step's:
 *
 * <pre>{@code
 * try (var step = new TensorScope(Device.CPU)) {
 *   for (...) {
 *     step.rewind();            // all tensors of the last step are gone, their memory is used again
 *     Tensor y = step.allocate(Shape.of(8, 50, 768));
 *   }
 * }
 * }</pre>
 *
 * <p><b>How.</b> Memory is cut from slabs, front to back. {@link #release} puts a block on a list
 * of free blocks of its size, from where the next request of that size takes it; {@link #rewind}
 * starts over at the front of the first slab. A training step asks for the same sizes every time,
 * so from the second step on nothing is allocated and the garbage collector stays idle.
 *
 * <p>With the system property {@code diptych.poison=true} every request gets memory of its own,
 * filled with NaN before its first use and again when it is released: use after release shows.
 *
 * <p>Not safe for use by several threads at once.
 */
public final class TensorScope implements AutoCloseable {
  private static final int SLAB_FLOATS = 1 << 22; // 16 MiB
  private static final int ALIGNMENT = 16; // floats: one 512-bit vector, one cache line
  private static final boolean POISON = Boolean.getBoolean("diptych.poison");

  private final Device device;
  private final List<float[]> slabs = new ArrayList<>();
  private final Map<Integer, ArrayDeque<Floats>> free = new HashMap<>();
  private final List<Floats> poisoned = new ArrayList<>();
  private int slab;
  private int used;
  private long liveFloats;
  private long peakFloats;
  private boolean closed;

  /**
   * A scope whose tensors live on {@code device}.
   *
   * @throws IllegalStateException if Java was started without the Vector API
   */
  public TensorScope(Device device) {
    VectorModule.require();
    this.device = device;
  }

  /** The device of this scope's tensors. */
  public Device device() {
    return device;
  }

  /**
   * A tensor whose elements are not set.
   *
   * @throws OutOfMemoryError with advice if the heap is too small
   * @throws IllegalStateException if the scope is closed
   */
  public Tensor allocate(Shape shape) {
    if (closed) {
      throw new IllegalStateException("this tensor scope is closed");
    }
    Floats block = POISON ? poisonedBlock(shape.size()) : block(shape.size());
    liveFloats += rounded(shape.size());
    peakFloats = Math.max(peakFloats, liveFloats);
    return Tensor.of(new HostStorage(block), shape);
  }

  /** A tensor of zeros. */
  public Tensor zeros(Shape shape) {
    Tensor tensor = allocate(shape);
    tensor.floats().fill(0);
    return tensor;
  }

  /**
   * A row-major copy of {@code source} in this scope: how a result outlives the scope it is from.
   */
  public Tensor copy(Tensor source) {
    Tensor copy = allocate(source.shape());
    source.copyTo(copy.floats());
    return copy;
  }

  /**
   * Gives back the storage of {@code tensor}, which this scope allocated. The tensor and all views
   * of its storage must not be used again.
   */
  public void release(Tensor tensor) {
    Floats block = ((HostStorage) tensor.storage()).floats();
    liveFloats -= rounded(block.length());
    if (POISON) {
      block.fill(Float.NaN);
    } else {
      free.computeIfAbsent(rounded(block.length()), size -> new ArrayDeque<>()).push(block);
    }
  }

  /** Ends the life of all tensors of this scope and keeps the memory for the next ones. */
  public void rewind() {
    slab = 0;
    used = 0;
    liveFloats = 0;
    free.clear();
    for (Floats block : poisoned) {
      block.fill(Float.NaN);
    }
    poisoned.clear();
  }

  /** Ends the life of all tensors of this scope and gives the memory back. */
  @Override
  public void close() {
    rewind();
    slabs.clear();
    closed = true;
  }

  /** The most bytes that were in use at one time, since the scope was made. */
  public long peakBytes() {
    return 4 * peakFloats;
  }

  private Floats block(int length) {
    int size = rounded(length);
    ArrayDeque<Floats> sameSize = free.get(size);
    if (sameSize != null && !sameSize.isEmpty()) {
      Floats block = sameSize.pop();
      return new Floats(block.array(), block.offset(), length);
    }
    while (slab < slabs.size() && slabs.get(slab).length - used < size) {
      slab++;
      used = 0;
    }
    if (slab == slabs.size()) {
      slabs.add(newArray(Math.max(SLAB_FLOATS, size)));
    }
    Floats block = new Floats(slabs.get(slab), used, length);
    used += size;
    return block;
  }

  private Floats poisonedBlock(int length) {
    Floats block = Floats.of(newArray(length));
    block.fill(Float.NaN);
    poisoned.add(block);
    return block;
  }

  private static float[] newArray(int length) {
    try {
      return new float[length];
    } catch (OutOfMemoryError e) {
      OutOfMemoryError advice =
          new OutOfMemoryError(
              "%d MiB more are needed for tensors than the Java heap of %d MiB has left: start Java"
                      .formatted(length / (1 << 18), Runtime.getRuntime().maxMemory() >> 20)
                  + " with a larger -Xmx, or use a smaller batch");
      advice.initCause(e);
      throw advice;
    }
  }

  private static int rounded(int length) {
    return (int)
        Math.min(Integer.MAX_VALUE - 16L, ((long) length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
  }
}
