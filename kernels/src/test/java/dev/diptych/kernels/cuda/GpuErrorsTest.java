package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GpuErrorsTest {
  @Test
  void theNameOfAnErrorIsFound() {
    assertThat(GpuErrors.codeOf(new RuntimeException("error: CUDA_ERROR_NO_DEVICE (100)")))
        .isEqualTo("CUDA_ERROR_NO_DEVICE");
    assertThat(GpuErrors.codeOf(new RuntimeException("INVALID CUresult: 999")))
        .isEqualTo("INVALID CUresult: 999");
    assertThat(GpuErrors.codeOf(new RuntimeException())).isEqualTo("null");
  }

  @Test
  void whyThereIsNoGpu() {
    assertThat(GpuErrors.noDriver("libcuda.so.1"))
        .contains("libcuda.so.1 cannot be loaded", "525 or later (CUDA 12.0)", "--gpus all");
    assertThat(GpuErrors.noDevice(null)).contains("sees no GPU", "nvidia-smi -L", "--gpus all");
    assertThat(GpuErrors.noDevice("3")).contains("CUDA_VISIBLE_DEVICES is \"3\"");
    assertThat(GpuErrors.noNatives("Linux", "aarch64", "no such file"))
        .contains("Linux on aarch64 is missing", "x86-64", "(no such file)");
    assertThat(GpuErrors.notStarted("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"))
        .contains("restart the machine");
    assertThat(GpuErrors.notStarted("CUDA_ERROR_SYSTEM_NOT_READY")).contains("fabricmanager");
    assertThat(GpuErrors.notStarted("CUDA_ERROR_INVALID_DEVICE"))
        .contains("does not start: CUDA_ERROR_INVALID_DEVICE", "nvidia-smi");
  }

  @Test
  void whyAGpuCannotBeUsed() {
    assertThat(GpuErrors.oldDriver(11_080))
        .contains("made for CUDA 11.8; 12.0 or later is needed", "525");
    assertThat(GpuErrors.oldGpu("Tesla T4", "7.5"))
        .contains("'Tesla T4' has compute capability 7.5; 8.0 (Ampere", "CUDA_VISIBLE_DEVICES");
    assertThat(GpuErrors.notOpened("A100", "CUDA_ERROR_DEVICE_UNAVAILABLE"))
        .contains("'A100' cannot be opened", "exclusive mode", "nvidia-smi -c DEFAULT");
    assertThat(GpuErrors.notOpened("A100", "CUDA_ERROR_OUT_OF_MEMORY"))
        .contains("what other programs have left of its memory");
    assertThat(GpuErrors.notOpened("A100", "CUDA_ERROR_UNKNOWN"))
        .contains("the driver reports CUDA_ERROR_UNKNOWN");
  }

  @Test
  void afterAFaultTheContextIsLost() {
    String launch =
        "adamw of adamw.ptx (0x7f0000000000[48 bytes], 12) with grid (1, 1, 1), block (256, 1, 1)";
    assertThat(GpuErrors.failed("waiting for the GPU", "CUDA_ERROR_ILLEGAL_ADDRESS", launch, false))
        .startsWith("The GPU failed at waiting for the GPU: CUDA_ERROR_ILLEGAL_ADDRESS.")
        .contains(launch, "it or from one before", "diptych.cuda.synchronous=true")
        .contains("context is lost", "continues from its last checkpoint");
    assertThat(GpuErrors.failed("waiting for the GPU", "CUDA_ERROR_LAUNCH_FAILED", launch, true))
        .contains("started was " + launch + ". The GPU's context is lost")
        .doesNotContain("from one before");
    assertThat(GpuErrors.failed("freeing 0x1[2]", "CUDA_ERROR_INVALID_VALUE", null, false))
        .isEqualTo("The GPU failed at freeing 0x1[2]: CUDA_ERROR_INVALID_VALUE.");
    assertThat(GpuErrors.losesContext("CUDA_ERROR_MISALIGNED_ADDRESS")).isTrue();
    assertThat(GpuErrors.losesContext("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES")).isFalse();
  }

  @Test
  void workThatCannotBeCapturedCanBeDoneWithoutAGraph() {
    String code = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED";
    assertThat(GpuErrors.failed("capturing a graph", code, null, false))
        .contains(code, "-Ddiptych.cuda.graphs=false")
        .doesNotContain("context is lost");
    assertThat(GpuErrors.notLaunched("adamw", code, null)).contains("diptych.cuda.graphs=false");
  }

  @Test
  void aLaunchFailsForItsOwnSakeOrForAnothers() {
    assertThat(GpuErrors.notLaunched("b", "CUDA_ERROR_MISALIGNED_ADDRESS", "a"))
        .contains("failed at launching b", "last kernel started was a", "context is lost");
    assertThat(GpuErrors.notLaunched("b", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES", "a"))
        .isEqualTo(
            "The GPU refused to launch b: CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES. A block of it needs"
                + " more registers or shared memory than this GPU has.");
  }

  @Test
  void memoryIsShortBecauseOfOthers() {
    assertThat(new GpuOutOfMemoryException(3L << 30, 10L << 30, 1L << 30, 80L << 30))
        .hasMessageContaining("Other programs hold up to 69.0 GiB of it: `nvidia-smi` lists them.")
        .hasMessageContaining("wait for the others, or choose another GPU");
    assertThat(new GpuOutOfMemoryException(3L << 30, 78L << 30, 1L << 30, 80L << 30))
        .hasMessageContaining("Lower the batch size or the picture size.")
        .hasMessageEndingWith("picture size.");
  }
}
