package dev.diptych.kernels.cuda;

/**
 * Which kernel: an entry of a module of PTX.
 *
 * @param module the resource that holds the PTX, as {@code Class.getResource} takes it: {@code
 *     /dev/diptych/kernels/gelu/gelu.ptx}
 * @param entry name of the kernel in it
 */
public record Kernel(String module, String entry) {
  /** An entry of the module {@code name.ptx} in the package of {@code home}. */
  public static Kernel of(Class<?> home, String name, String entry) {
    return new Kernel("/" + home.getPackageName().replace('.', '/') + "/" + name + ".ptx", entry);
  }

  @Override
  public String toString() {
    return entry + " of " + module.substring(module.lastIndexOf('/') + 1);
  }
}
