package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class CudaDeviceTest {
  /** What a user without a GPU runs. */
  public static final class Probe {
    private Probe() {}

    /** Looks for a GPU and says what it found, or why it found none. */
    public static void main(String[] arguments) {
      System.out.println("found " + CudaDevice.tryOpen().map(Gpu::properties));
      try (Gpu gpu = CudaDevice.open()) {
        System.out.println("opened " + gpu.properties());
      } catch (GpuException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  @Test
  void withoutADriverNoClassOfJCudaIsLoaded() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xlog:class+load",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Probe.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assumeTrue(output.contains("found Optional.empty"), "this machine has a GPU");
    assertThat(output).contains("dev.diptych.kernels.cuda.CudaDevice ");
    assertThat(output).contains("There is no NVIDIA driver here: ");
    assertThat(output).doesNotContain("jcuda.").doesNotContain("DriverGpu ");
  }
}
