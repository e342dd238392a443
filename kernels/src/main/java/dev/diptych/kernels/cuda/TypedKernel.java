package dev.diptych.kernels.cuda;

/**
 * One kernel in both precisions.
 *
 * @param f32 the kernel for f32
 * @param bf16 the kernel for bf16
 */
public record TypedKernel(Kernel f32, Kernel bf16) {
  /** The entries {@code entry_f32} and {@code entry_bf16}. */
  public static TypedKernel of(Class<?> home, String module, String entry) {
    return new TypedKernel(
        Kernel.of(home, module, entry + "_" + Precision.F32.suffix()),
        Kernel.of(home, module, entry + "_" + Precision.BF16.suffix()));
  }

  /** The kernel for {@code precision}. */
  public Kernel in(Precision precision) {
    return switch (precision) {
      case F32 -> f32;
      case BF16 -> bf16;
    };
  }
}
