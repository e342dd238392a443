package dev.diptych.kernels.cuda;

import java.util.Locale;

/** The GPU has not as much memory as was asked for. */
public final class GpuOutOfMemoryException extends GpuException {
  private static final long serialVersionUID = 1L;

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
        "The GPU is out of memory: %s were asked for; this program holds %s, and %s of the GPU's %s are free. Lower the batch size or the picture size, or end what else runs on the GPU."
            .formatted(text(asked), text(used), text(free), text(total)));
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
