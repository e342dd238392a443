package dev.diptych.kernels.cuda;

import java.util.Locale;

/** The GPU has not as much memory as was asked for. */
public final class GpuOutOfMemoryException extends GpuException {
  private static final long serialVersionUID = 1L;

  /** Less than this is the driver's own state and what allocations are rounded up to. */
  private static final long OTHERS = 1L << 30;

  /**
   * An error that says what to do.
   *
   * @param asked bytes asked for
   * @param used bytes that this program has taken already
   * @param free bytes that are free on the device
   * @param total bytes that the device has
   */
  public GpuOutOfMemoryException(long asked, long used, long free, long total) {
    super(
        "The GPU is out of memory: %s were asked for; this program holds %s, and %s of the GPU's %s are free.%s Lower the batch size or the picture size%s."
            .formatted(
                text(asked),
                text(used),
                text(free),
                text(total),
                others(total - free - used),
                total - free - used > OTHERS
                    ? ", wait for the others, or choose another GPU with CUDA_VISIBLE_DEVICES"
                    : ""));
  }

  private static String others(long bytes) {
    return bytes > OTHERS
        ? " Other programs hold up to " + text(bytes) + " of it: `nvidia-smi` lists them."
        : "";
  }

  private static String text(long bytes) {
    double size = bytes;
    for (String unit : new String[] {"bytes", "KiB", "MiB"}) {
      if (size < 1024) {
        return String.format(Locale.ROOT, unit.equals("bytes") ? "%.0f %s" : "%.1f %s", size, unit);
      }
      size /= 1024;
    }
    return String.format(Locale.ROOT, "%.1f GiB", size);
  }
}
