package dev.diptych.kernels.simd;

/**
 * The JDK's module that the CPU kernels are built on; Java resolves it only when it is asked to.
 */
public final class VectorModule {
  private static final String NAME = "jdk.incubator.vector";
  private static final boolean PRESENT = ModuleLayer.boot().findModule(NAME).isPresent();

  private VectorModule() {}

  /**
   * Refuses to go on without the Vector API, before its absence shows as a missing class from deep
   * inside.
   *
   * @throws IllegalStateException if Java was started without {@code --add-modules
   *     jdk.incubator.vector}; the message says so
   */
  public static void require() {
    if (!PRESENT) {
      throw new IllegalStateException(
          "Diptych needs the Vector API, which Java "
              + Runtime.version().feature()
              + " leaves out unless it is asked for: start it with --add-modules "
              + NAME);
    }
  }
}
