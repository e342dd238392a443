package dev.diptych.kernels.cuda;

import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What is said when a GPU cannot be used or fails. Knows no class of JCuda: errors are the names
 * that cuda.h gives them.
 */
final class GpuErrors {
  /** There is not as much memory. */
  static final String OUT_OF_MEMORY = "CUDA_ERROR_OUT_OF_MEMORY";

  private static final Pattern CODE = Pattern.compile("CUDA_ERROR_\\w+");

  /** After one of these every further call of the driver fails. */
  private static final Set<String> CONTEXT_IS_LOST =
      Set.of(
          "CUDA_ERROR_ILLEGAL_ADDRESS",
          "CUDA_ERROR_ILLEGAL_INSTRUCTION",
          "CUDA_ERROR_MISALIGNED_ADDRESS",
          "CUDA_ERROR_INVALID_ADDRESS_SPACE",
          "CUDA_ERROR_INVALID_PC",
          "CUDA_ERROR_HARDWARE_STACK_ERROR",
          "CUDA_ERROR_ASSERT",
          "CUDA_ERROR_LAUNCH_FAILED",
          "CUDA_ERROR_LAUNCH_TIMEOUT",
          "CUDA_ERROR_ECC_UNCORRECTABLE",
          "CUDA_ERROR_NVLINK_UNCORRECTABLE",
          "CUDA_ERROR_MPS_CLIENT_TERMINATED",
          "CUDA_ERROR_CONTEXT_IS_DESTROYED",
          "CUDA_ERROR_CONTAINED",
          "CUDA_ERROR_EXTERNAL_DEVICE",
          "CUDA_ERROR_UNKNOWN");

  private GpuErrors() {}

  /** Whether every further call of the driver fails after this error. */
  static boolean losesContext(String code) {
    return CONTEXT_IS_LOST.contains(code);
  }

  /** The name of an error in the message of JCuda's exception; the message if there is none. */
  static String codeOf(Throwable e) {
    String message = String.valueOf(e.getMessage());
    Matcher code = CODE.matcher(message);
    return code.find() ? code.group() : message;
  }

  /** The driver's library cannot be loaded. */
  static String noDriver(String library) {
    return "There is no NVIDIA driver here: "
        + library
        + " cannot be loaded. Install the driver, 525 or later (CUDA 12.0); in a container, start"
        + " it with the GPU (docker run --gpus all).";
  }

  /** The driver's library is there, and finds no GPU. */
  static String noDevice(@Nullable String visibleDevices) {
    return "There is an NVIDIA driver, but it sees no GPU. `nvidia-smi -L` lists what it knows; "
        + (visibleDevices == null
            ? "in a container, start it with the GPU (docker run --gpus all)."
            : "CUDA_VISIBLE_DEVICES is \"" + visibleDevices + "\", which may hide it.");
  }

  /** JCuda brings no native code for this platform, or it is not on the class path. */
  static String noNatives(String os, String architecture, String detail) {
    return "There is an NVIDIA driver, but JCuda's native code for "
        + os
        + " on "
        + architecture
        + " is missing: it exists for Linux and Windows on x86-64, in jcuda-natives-12.6.0 beside"
        + " jcuda-12.6.0 ("
        + detail
        + ").";
  }

  /** {@code cuInit} failed. */
  static String notStarted(String code) {
    String advice =
        switch (code) {
          case "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH" ->
              " The driver's library and its kernel module are of different versions, as after an"
                  + " update: restart the machine.";
          case "CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE" ->
              " CUDA's compatibility package is in the library path, and this GPU does not support"
                  + " it: remove it from LD_LIBRARY_PATH.";
          case "CUDA_ERROR_SYSTEM_NOT_READY" ->
              " On machines whose GPUs are joined by NVSwitch the fabric manager must run:"
                  + " systemctl status nvidia-fabricmanager.";
          default ->
              " See whether `nvidia-smi` works; if not, restart the machine or reinstall the"
                  + " driver.";
        };
    return "There is an NVIDIA driver, but it does not start: " + code + "." + advice;
  }

  /** The driver is older than the PTX that ships. */
  static String oldDriver(int version) {
    return ("The NVIDIA driver is made for CUDA %d.%d; 12.0 or later is needed: update the driver"
            + " to 525 or later.")
        .formatted(version / 1000, version % 1000 / 10);
  }

  /** The GPU lacks instructions that the kernels use. */
  static String oldGpu(String name, String computeCapability) {
    return ("The GPU '%s' has compute capability %s; 8.0 (Ampere: A100, RTX 30) or later is needed."
            + " If the machine has another one, choose that with CUDA_VISIBLE_DEVICES.")
        .formatted(name, computeCapability);
  }

  /** A GPU was found, but no context of it could be made. */
  static String notOpened(String name, String code) {
    String why =
        switch (code) {
          case "CUDA_ERROR_DEVICE_UNAVAILABLE" ->
              "another program uses it and it is in exclusive mode. `nvidia-smi` lists the"
                  + " programs: wait for that one, end it, choose another GPU with"
                  + " CUDA_VISIBLE_DEVICES, or let the administrator share it with `nvidia-smi -c"
                  + " DEFAULT`";
          case OUT_OF_MEMORY ->
              "what other programs have left of its memory does not even hold the driver's own"
                  + " state. `nvidia-smi` lists them: wait for them, end them, or choose another"
                  + " GPU with CUDA_VISIBLE_DEVICES";
          default ->
              "the driver reports "
                  + code
                  + ". `nvidia-smi` tells whether the GPU is in order, and"
                  + " whether its compute mode is Prohibited";
        };
    return "The GPU '" + name + "' cannot be opened: " + why + ".";
  }

  /**
   * A call failed, most often because of a kernel that was started before it.
   *
   * @param what the GPU was asked for
   * @param last what was started last, in words, or null
   * @param synchronous whether every launch was waited for
   */
  static String failed(String what, String code, @Nullable String last, boolean synchronous) {
    StringBuilder message = new StringBuilder("The GPU failed at " + what + ": " + code + ".");
    if (last != null) {
      message.append(" The last kernel started was ").append(last);
      message.append(
          synchronous
              ? "."
              : "; the error may come from it or from one before:"
                  + " -Ddiptych.cuda.synchronous=true tells which.");
    }
    return message.append(afterwards(code)).toString();
  }

  /** A launch failed: for its own sake, or because the context was lost before. */
  static String notLaunched(String launch, String code, @Nullable String last) {
    if (losesContext(code)) {
      return failed("launching " + launch, code, last, false);
    }
    String message = "The GPU refused to launch " + launch + ": " + code + "." + afterwards(code);
    return code.equals("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES")
        ? message + " A block of it needs more registers or shared memory than this GPU has."
        : message;
  }

  private static String afterwards(String code) {
    if (code.startsWith("CUDA_ERROR_STREAM_CAPTURE")) {
      return " Work could not be captured as a graph: with -Ddiptych.cuda.graphs=false training"
          + " runs without.";
    }
    return losesContext(code)
        ? " The GPU's context is lost with all that was in its memory: nothing more can be computed"
            + " in this process. Start it again; a training run continues from its last"
            + " checkpoint."
        : "";
  }
}
