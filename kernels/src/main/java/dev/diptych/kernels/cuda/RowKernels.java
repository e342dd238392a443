package dev.diptych.kernels.cuda;

/**
 * A kernel on the rows of a matrix in both precisions and all its widths: a warp a row where the
 * row fits into the warp's registers, and a block a row, {@code _wide}, for what is wider, not
 * aligned, or no multiple of four.
 */
public final class RowKernels {
  private static final int[] WIDTHS = {256, 512, 768, 1024};
  private static final int PACK = 4;
  private static final int ALIGNMENT = 16;

  private final TypedKernel[] narrow = new TypedKernel[WIDTHS.length];
  private final TypedKernel wide;

  /** The entries {@code entry_f32_256} to {@code entry_bf16_1024} and {@code entry_f32_wide}. */
  public RowKernels(Class<?> home, String module, String entry) {
    for (int i = 0; i < WIDTHS.length; i++) {
      narrow[i] = ofWidth(home, module, entry, Integer.toString(WIDTHS[i]));
    }
    wide = ofWidth(home, module, entry, "wide");
  }

  /** The entries {@code entry_f32_width} and {@code entry_bf16_width}. */
  public static TypedKernel ofWidth(Class<?> home, String module, String entry, String width) {
    return new TypedKernel(
        Kernel.of(home, module, entry + "_" + Precision.F32.suffix() + "_" + width),
        Kernel.of(home, module, entry + "_" + Precision.BF16.suffix() + "_" + width));
  }

  /** Launches the kernel for rows of {@code c} elements, which takes these arguments. */
  public void launch(Gpu gpu, Precision precision, int rows, int c, Arguments arguments) {
    if (fitsWarp(c, arguments)) {
      gpu.launch(narrow(precision, c), Grids.warpPerRow(rows), arguments);
    } else {
      gpu.launch(wide(precision), Grids.blockPerRow(rows), arguments);
    }
  }

  /** Whether rows of {@code c} elements, at the places of these arguments, fit a warp. */
  public static boolean fitsWarp(int c, Arguments arguments) {
    return c <= WIDTHS[WIDTHS.length - 1]
        && c % PACK == 0
        && arguments.pointersAreMultiplesOf(ALIGNMENT);
  }

  /** The kernel whose warp holds {@code c} elements, at most 1024. */
  public Kernel narrow(Precision precision, int c) {
    int i = 0;
    while (WIDTHS[i] < c) {
      i++;
    }
    return narrow[i].in(precision);
  }

  /** The kernel for rows of any width. */
  public Kernel wide(Precision precision) {
    return wide.in(precision);
  }
}
