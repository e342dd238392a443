package dev.diptych.tensor;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Floats;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Heap memory, cut from slabs, front to back. What is given back is put on a list of free blocks of
 * its size, from where the next request of that size takes it; a rewind starts over at the front of
 * the first slab.
 */
final class HostBlocks implements Blocks {
  private static final int SLAB_FLOATS = 1 << 22; // 16 MiB
  private static final int ALIGNMENT = 16; // floats: one 512-bit vector, one cache line

  private final List<float[]> slabs = new ArrayList<>();
  private final Map<Integer, ArrayDeque<Floats>> free = new HashMap<>();
  private final List<Floats> poisoned = new ArrayList<>();
  private int slab;
  private int used;

  @Override
  public HostStorage take(int length, Precision precision) {
    assert precision == Precision.F32 : "the CPU computes in f32 alone";
    return new HostStorage(TensorScope.POISON ? poisonedBlock(length) : block(length));
  }

  @Override
  public void give(Storage storage) {
    Floats block = ((HostStorage) storage).floats();
    if (TensorScope.POISON) {
      block.fill(Float.NaN);
    } else {
      free.computeIfAbsent(rounded(block.length()), size -> new ArrayDeque<>()).push(block);
    }
  }

  @Override
  public void rewind() {
    slab = 0;
    used = 0;
    free.clear();
    for (Floats block : poisoned) {
      block.fill(Float.NaN);
    }
    poisoned.clear();
  }

  @Override
  public void close() {
    rewind();
    slabs.clear();
  }

  @Override
  public long bytes(Storage storage) {
    return 4L * rounded(storage.length());
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
