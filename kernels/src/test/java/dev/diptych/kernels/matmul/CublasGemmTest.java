package dev.diptych.kernels.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.PtxGpu;
import dev.diptych.kernels.doctor.Suite;
import org.junit.jupiter.api.Test;

class CublasGemmTest {
  @Test
  void itNeedsADriver() {
    assertThatThrownBy(() -> CublasGemm.open(new PtxGpu()))
        .isInstanceOf(GpuException.class)
        .hasMessageContaining("a GPU with a driver")
        .hasMessageContaining("PTX interpreter");
  }

  @Test
  void itIsRacedAgainstWhereItIsInstalled() {
    assertThat(Suite.all().timings().stream().anyMatch(t -> t.name().startsWith("cuBLAS ")))
        .isEqualTo(CublasGemm.isInstalled());
  }
}
