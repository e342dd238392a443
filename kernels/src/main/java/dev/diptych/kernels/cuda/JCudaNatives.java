package dev.diptych.kernels.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import jcuda.JCudaVersion;
import jcuda.LibUtils;

/**
 * Guards JCuda's way of finding its native code. JCuda copies it from its jar to a file of a fixed
 * name in the folder for temporary files, unless a file of that name is there already: one that was
 * cut off half way, or put there by somebody else, would be loaded ever after. So what is there is
 * compared first, and removed if it is something else.
 */
final class JCudaNatives {
  private JCudaNatives() {}

  /**
   * Makes sure that the file that JCuda would load is JCuda's.
   *
   * @throws GpuException if another file is in the way and cannot be removed
   */
  static void check() {
    String name =
        LibUtils.createLibraryFileName(
            LibUtils.createPlatformLibraryName("JCudaDriver-" + JCudaVersion.get()));
    Path file = Path.of(System.getProperty("java.io.tmpdir"), name);
    if (!Files.exists(file)) {
      return;
    }
    try (InputStream own = LibUtils.class.getResourceAsStream("/lib/" + name)) {
      if (own != null && !Arrays.equals(own.readAllBytes(), Files.readAllBytes(file))) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new GpuException(
          file
              + " is not the file that JCuda needs under this name, and cannot be replaced: delete"
              + " it",
          e);
    }
  }
}
