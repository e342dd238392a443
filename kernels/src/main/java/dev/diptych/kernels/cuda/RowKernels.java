package dev.diptych.kernels.cuda;

/**
 * A kernel on the rows of a matrix in all its widths: a warp a row where the row fits into the
 * warp's registers, and a block a row, {@code _wide}, for what is wider, not aligned, or no
 * multiple of four.
 */
public final class RowKernels {
  private static final int[] WIDTHS = {256, 512, 768, 1024};
  private static final int PACK = 4;
  private static final int ALIGNMENT = 16;

  private final Kernel[] narrow = new Kernel[WIDTHS.length];
  private final Kernel wide;

  /** The entries {@code entry_256} to {@code entry_1024} and {@code entry_wide}. */
  public RowKernels(Class<?> home, String module, String entry) {
    for (int i = 0; i < WIDTHS.length; i++) {
      narrow[i] = Kernel.of(home, module, entry + "_" + WIDTHS[i]);
    }
    wide = Kernel.of(home, module, entry + "_wide");
  }

  /** Launches the kernel for rows of {@code c} elements, which takes these arguments. */
  public void launch(Gpu gpu, int rows, int c, Arguments arguments) {
    if (fitsWarp(c, arguments)) {
      gpu.launch(narrow(c), Grids.warpPerRow(rows), arguments);
    } else {
      gpu.launch(wide, Grids.blockPerRow(rows), arguments);
    }
  }

  /** Whether rows of {@code c} elements, at the places of these arguments, fit a warp. */
  public static boolean fitsWarp(int c, Arguments arguments) {
    return c <= WIDTHS[WIDTHS.length - 1]
        && c % PACK == 0
        && arguments.pointersAreMultiplesOf(ALIGNMENT);
  }

  /** The kernel whose warp holds {@code c} elements, at most 1024. */
  public Kernel narrow(int c) {
    int i = 0;
    while (WIDTHS[i] < c) {
      i++;
    }
    return narrow[i];
  }

  /** The kernel for rows of any width. */
  public Kernel wide() {
    return wide;
  }
}
