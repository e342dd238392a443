package dev.diptych.kernels.cuda;

import java.util.function.Supplier;
import jcuda.CudaException;
import org.jspecify.annotations.Nullable;

/**
 * Turns what the driver reports into exceptions that say what was started last, and remembers
 * whether the context is lost: then every further call fails, and what is closed has nothing to
 * give back.
 */
final class DriverFailures {
  private final boolean synchronous;
  private @Nullable Supplier<@Nullable String> last;
  private boolean isContextLost;

  /** With {@code synchronous} every launch is waited for, and the last one is what failed. */
  DriverFailures(boolean synchronous) {
    this.synchronous = synchronous;
  }

  /** Notes what was started, a kernel or a graph, in words that are made when they are needed. */
  void started(Supplier<@Nullable String> what) {
    last = what;
  }

  /** Whether an error was reported after which every further call of the driver fails. */
  boolean isContextLost() {
    return isContextLost;
  }

  private @Nullable String last() {
    return last == null ? null : last.get();
  }

  /** A call failed, perhaps because of something that was started before it. */
  GpuException failed(String what, CudaException e) {
    String code = GpuErrors.codeOf(e);
    String message = GpuErrors.failed(what, code, last(), synchronous);
    if (GpuErrors.losesContext(code)) {
      isContextLost = true;
      return new GpuLostException(message, e);
    }
    return new GpuException(message, e);
  }

  /** A launch failed: for its own sake, or because of something that was started before it. */
  GpuException notLaunched(String launch, String code) {
    String message = GpuErrors.notLaunched(launch, code, last());
    if (GpuErrors.losesContext(code)) {
      isContextLost = true;
      return new GpuLostException(message);
    }
    return new GpuException(message);
  }
}
