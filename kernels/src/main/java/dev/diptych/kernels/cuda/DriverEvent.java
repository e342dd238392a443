package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuEventCreate;
import static jcuda.driver.JCudaDriver.cuEventDestroy;
import static jcuda.driver.JCudaDriver.cuEventElapsedTime;
import static jcuda.driver.JCudaDriver.cuEventRecord;
import static jcuda.driver.JCudaDriver.cuEventSynchronize;

import jcuda.CudaException;
import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUstream;

/** An event of the driver API, recorded when it is made. */
final class DriverEvent implements GpuEvent {
  private final CUevent event = new CUevent();
  private final DriverFailures failures;

  DriverEvent(CUstream stream, DriverFailures failures) {
    this.failures = failures;
    try {
      cuEventCreate(event, CUevent_flags.CU_EVENT_DEFAULT);
      cuEventRecord(event, stream);
    } catch (CudaException e) {
      throw failures.failed("recording an event", e);
    }
  }

  @Override
  public double millisecondsSince(GpuEvent start) {
    if (!(start instanceof DriverEvent from)) {
      throw new IllegalArgumentException("the events are of two kinds of GPU");
    }
    try {
      cuEventSynchronize(event);
      float[] milliseconds = new float[1];
      cuEventElapsedTime(milliseconds, from.event, event);
      return milliseconds[0];
    } catch (CudaException e) {
      throw failures.failed("waiting for an event", e);
    }
  }

  @Override
  public void close() {
    if (failures.isContextLost()) {
      return;
    }
    try {
      cuEventDestroy(event);
    } catch (CudaException e) {
      throw failures.failed("closing an event", e);
    }
  }
}
