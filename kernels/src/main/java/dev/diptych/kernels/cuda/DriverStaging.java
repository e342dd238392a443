package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;
import static jcuda.driver.JCudaDriver.cuMemAllocHost;
import static jcuda.driver.JCudaDriver.cuMemFreeHost;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoHAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoDAsync;
import static jcuda.driver.JCudaDriver.cuStreamSynchronize;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * Copies between the heap and the GPU through pinned memory, since the driver can neither pin a
 * heap array nor be told when the collector moves it.
 */
final class DriverStaging implements StagingRing.Transfers {
  private static final int PAGES = 4;
  private static final int BYTES = 16 << 20;

  private final CUstream stream;
  private final Pointer pinned = new Pointer();
  private final MemorySegment memory;
  private final StagingRing ring;
  private final @Nullable CUevent[] marks = new @Nullable CUevent[PAGES];

  DriverStaging(CUstream stream) {
    this.stream = stream;
    cuMemAllocHost(pinned, BYTES);
    memory = MemorySegment.ofBuffer(pinned.getByteBuffer(0, BYTES));
    ring = new StagingRing(memory, PAGES, this);
  }

  /** Copies to a device address; on return {@code from} may be changed. */
  void copyIn(MemorySegment from, long address) {
    ring.copyIn(from, address);
  }

  /**
   * Copies from a device address, once all work before it is done. The whole ring serves: what was
   * to be sent from it has been sent by then.
   */
  void copyOut(long address, MemorySegment to) {
    for (long at = 0; at < to.byteSize(); at += BYTES) {
      long size = Math.min(BYTES, to.byteSize() - at);
      cuMemcpyDtoHAsync(pinned, DriverAddress.of(address + at), size, stream);
      cuStreamSynchronize(stream);
      MemorySegment.copy(memory, 0, to, at, size);
    }
  }

  @Override
  public void send(long offset, long bytes, long address) {
    cuMemcpyHtoDAsync(DriverAddress.of(address), pinned.withByteOffset(offset), bytes, stream);
  }

  @Override
  public void mark(int page) {
    CUevent event = marks[page];
    if (event == null) {
      event = new CUevent();
      cuEventCreate(event, CUevent_flags.CU_EVENT_DISABLE_TIMING);
      marks[page] = event;
    }
    cuEventRecord(event, stream);
  }

  @Override
  public void await(int page) {
    CUevent event = marks[page];
    if (event != null) {
      cuEventSynchronize(event);
    }
  }

  void close() {
    for (CUevent event : marks) {
      if (event != null) {
        cuEventDestroy(event);
      }
    }
    cuMemFreeHost(pinned);
  }
}
