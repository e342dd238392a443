package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuDeviceGet;
import static jcuda.driver.JCudaDriver.cuDeviceGetAttribute;
import static jcuda.driver.JCudaDriver.cuDeviceGetCount;
import static jcuda.driver.JCudaDriver.cuDeviceGetName;
import static jcuda.driver.JCudaDriver.cuDriverGetVersion;
import static jcuda.driver.JCudaDriver.cuInit;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.CudaException;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.JCudaDriver;
import org.jspecify.annotations.Nullable;

/** Finds the GPU and says what it is; refuses what the kernels cannot run on. */
final class DriverDevices {
  /** Ampere: the first with cp.async and bf16 in the tensor cores. */
  private static final int LEAST_MAJOR = 8;

  /** The first driver that reads PTX 8.0, as its version number is written: 12.0. */
  private static final int LEAST_DRIVER = 12_000;

  private DriverDevices() {}

  /** The first GPU; empty if the driver finds none. */
  static Optional<CUdevice> first() {
    try {
      cuInit(0);
    } catch (CudaException e) {
      String code = GpuErrors.codeOf(e);
      if (code.equals("CUDA_ERROR_NO_DEVICE")) {
        return Optional.empty();
      }
      throw new GpuException(GpuErrors.notStarted(code), e);
    }
    int[] value = new int[1];
    cuDriverGetVersion(value);
    if (value[0] < LEAST_DRIVER) {
      throw new GpuException(GpuErrors.oldDriver(value[0]));
    }
    cuDeviceGetCount(value);
    if (value[0] == 0) {
      return Optional.empty();
    }
    CUdevice device = new CUdevice();
    cuDeviceGet(device, 0);
    return Optional.of(device);
  }

  /** What the driver sees, whether the kernels can use it or not. */
  static GpuSurvey survey(boolean cublas) {
    JCudaNatives.check();
    JCudaDriver.setExceptionsEnabled(true);
    @Nullable String problem = null;
    List<GpuProperties> gpus = new ArrayList<>();
    int[] value = new int[1];
    try {
      Optional<CUdevice> first = first();
      if (first.isEmpty()) {
        problem = GpuErrors.noDevice(System.getenv("CUDA_VISIBLE_DEVICES"));
      } else {
        cuDeviceGetCount(value);
        for (int i = 0; i < value[0]; i++) {
          CUdevice device = new CUdevice();
          cuDeviceGet(device, i);
          gpus.add(describe(device));
        }
        properties(first.get());
      }
    } catch (GpuException e) {
      problem = e.getMessage();
    } catch (CudaException e) {
      problem = GpuErrors.notStarted(GpuErrors.codeOf(e));
    }
    cuDriverGetVersion(value);
    String cuda = value[0] / 1000 + "." + value[0] % 1000 / 10;
    return new GpuSurvey(problem, GpuSurvey.driverVersion(), cuda, cublas, gpus);
  }

  /**
   * What a GPU is.
   *
   * @throws GpuException if its compute capability is below 8.0
   */
  static GpuProperties properties(CUdevice device) {
    GpuProperties properties = describe(device);
    if (properties.major() < LEAST_MAJOR) {
      throw new GpuException(GpuErrors.oldGpu(properties.name(), properties.computeCapability()));
    }
    return properties;
  }

  private static GpuProperties describe(CUdevice device) {
    byte[] name = new byte[256];
    cuDeviceGetName(name, name.length, device);
    int length = 0;
    while (length < name.length && name[length] != 0) {
      length++;
    }
    long[] bytes = new long[1];
    JCudaDriver.cuDeviceTotalMem(bytes, device);
    return new GpuProperties(
        new String(name, 0, length, StandardCharsets.UTF_8),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
        attribute(device, CUdevice_attribute.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE),
        bytes[0]);
  }

  private static int attribute(CUdevice device, int which) {
    int[] value = new int[1];
    cuDeviceGetAttribute(value, which, device);
    return value[0];
  }
}
