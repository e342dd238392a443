package dev.diptych.kernels.cuda.ptx;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The memory of the device, which all blocks share. Every allocation has four gigabytes of
 * addresses to itself, starting in the middle of them, so that an index has to be very wrong to
 * reach another one.
 */
public final class GlobalMemory {
  /** Addresses below belong to the windows of {@link Windows}. */
  private static final long FIRST = 0x7f00_0000_0000L;

  private static final long MIDDLE = 1L << 31;

  /** One allocation; freed ones stay, without their bytes, to be named in reports. */
  static final class Allocation extends Region {
    private final long address;
    private final int size;
    private final String label;
    private volatile boolean freed;

    Allocation(long address, int size, String label) {
      super(size);
      this.address = address;
      this.size = size;
      this.label = label;
    }

    long address() {
      return address;
    }

    @Override
    String describe(int at) {
      String where =
          at < 0
              ? -(long) at + " bytes before the start of"
              : at >= size ? (long) at - size + " bytes past the end of" : "byte " + at + " of";
      return String.format(
          "address 0x%x, %s %s%s, %d bytes at 0x%x",
          address + at, where, label, freed ? " (freed)" : "", size, address);
    }
  }

  private volatile Allocation[] allocations = new Allocation[0];

  /**
   * New memory, with nothing in it.
   *
   * @param label names it in reports
   * @return its address, a multiple of 256
   * @throws IllegalArgumentException if {@code bytes} is negative or more than 2³¹ − 1
   */
  public synchronized long allocate(long bytes, String label) {
    if (bytes < 0 || bytes > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + label);
    }
    int number = allocations.length;
    long address = FIRST + ((long) number << 32) + MIDDLE;
    Allocation[] more = Arrays.copyOf(allocations, number + 1);
    more[number] = new Allocation(address, (int) bytes, label);
    allocations = more;
    return address;
  }

  /** {@link #allocate(long, String)} for what needs no name. */
  public long allocate(long bytes) {
    return allocate(bytes, "allocation " + (allocations.length + 1));
  }

  /**
   * Gives memory back; whoever touches it from now on is reported.
   *
   * @throws IllegalArgumentException if nothing was allocated there, or it was freed before
   */
  public synchronized void free(long address) {
    int number = number(address);
    if (number < 0 || allocations[number].address != address || allocations[number].freed) {
      throw new IllegalArgumentException(String.format("nothing to free at address 0x%x", address));
    }
    Allocation old = allocations[number];
    Allocation[] changed = allocations.clone();
    changed[number] = new Allocation(address, 0, old.label + " of once " + old.size + " bytes");
    changed[number].freed = true;
    allocations = changed;
  }

  /** The labels of what is allocated and not freed. */
  public List<String> living() {
    List<String> result = new ArrayList<>();
    for (Allocation allocation : allocations) {
      if (!allocation.freed) {
        result.add(allocation.label);
      }
    }
    return result;
  }

  /**
   * Copies from the host.
   *
   * @throws Fault if the bytes do not lie in one allocation
   */
  public void write(long address, MemorySegment from) {
    onHost(() -> {
      Allocation to = at(address);
      int start = offset(to, address);
      int bytes = checkedRange(to, start, from.byteSize());
      MemorySegment.copy(from, 0, MemorySegment.ofArray(to.data), start, bytes);
      Arrays.fill(to.state, start, start + bytes, Region.WRITTEN);
    });
  }

  /**
   * Copies to the host.
   *
   * @throws Fault if the bytes do not lie in one allocation or nothing was written to one of them
   */
  public void read(long address, MemorySegment to) {
    onHost(() -> {
      Allocation from = at(address);
      int start = offset(from, address);
      int bytes = checkedRange(from, start, to.byteSize());
      from.checkReadable(start, bytes);
      MemorySegment.copy(MemorySegment.ofArray(from.data), start, to, 0, bytes);
    });
  }

  /**
   * Copies to the host whatever is there, also where nothing was written.
   *
   * @throws Fault if the bytes do not lie in one allocation
   */
  public void peek(long address, MemorySegment to) {
    onHost(() -> {
      Allocation from = at(address);
      int start = offset(from, address);
      int bytes = checkedRange(from, start, to.byteSize());
      MemorySegment.copy(MemorySegment.ofArray(from.data), start, to, 0, bytes);
    });
  }

  /**
   * Sets {@code bytes} bytes to ones, which make NaNs, and takes them for never written: a kernel
   * that reads them is at fault.
   */
  public void poison(long address, long bytes) {
    onHost(() -> {
      Allocation to = at(address);
      int start = offset(to, address);
      int count = checkedRange(to, start, bytes);
      Arrays.fill(to.data, start, start + count, (byte) -1);
      Arrays.fill(to.state, start, start + count, Region.EMPTY);
    });
  }

  /** Sets {@code bytes} bytes to {@code value}. */
  public void fill(long address, long bytes, byte value) {
    onHost(() -> {
      Allocation to = at(address);
      int start = offset(to, address);
      int count = checkedRange(to, start, bytes);
      Arrays.fill(to.data, start, start + count, value);
      Arrays.fill(to.state, start, start + count, Region.WRITTEN);
    });
  }

  /** Copies within the device. */
  public void copy(long from, long to, long bytes) {
    onHost(() -> {
      Allocation source = at(from);
      Allocation target = at(to);
      int count = checkedRange(source, offset(source, from), bytes);
      checkedRange(target, offset(target, to), bytes);
      int start = offset(source, from);
      int at = offset(target, to);
      System.arraycopy(source.data, start, target.data, at, count);
      System.arraycopy(source.state, start, target.state, at, count);
    });
  }

  private static void onHost(Runnable copy) {
    try {
      copy.run();
    } catch (Violation violation) {
      throw new Fault(violation.kind(), 0, "copy by the host: " + violation.getMessage());
    }
  }

  private static int checkedRange(Allocation allocation, int start, long bytes) {
    if (start < 0 || bytes > allocation.size - start) {
      throw new Violation(
          Fault.Kind.OUT_OF_BOUNDS, bytes + " bytes do not fit: " + allocation.describe(start));
    }
    return (int) bytes;
  }

  private int number(long address) {
    long number = (address - FIRST) >>> 32;
    return address >= FIRST && number < allocations.length ? (int) number : -1;
  }

  /** The allocation whose addresses these are. */
  Allocation at(long address) {
    int number = number(address);
    if (number < 0) {
      throw new Violation(
          Fault.Kind.OUT_OF_BOUNDS,
          String.format("address 0x%x lies in no allocation at all", address));
    }
    return allocations[number];
  }

  /** The byte of {@code allocation} at {@code address}, perhaps outside it. */
  static int offset(Allocation allocation, long address) {
    return (int) (address - allocation.address);
  }
}
