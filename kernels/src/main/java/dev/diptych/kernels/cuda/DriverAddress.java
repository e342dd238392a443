package dev.diptych.kernels.cuda;

import jcuda.driver.CUdeviceptr;

/** A device pointer that can be made from an address and tells it. */
final class DriverAddress extends CUdeviceptr {
  /** One that the driver is to set. */
  DriverAddress() {}

  private DriverAddress(long address) {
    super(new CUdeviceptr(), address);
  }

  /** The pointer to an address. */
  static DriverAddress of(long address) {
    return new DriverAddress(address);
  }

  /** Where it points. */
  long value() {
    return getNativePointer() + getByteOffset();
  }
}
