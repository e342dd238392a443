package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class GpuSurveyTest {
  @Test
  void theDriversVersionIsReadFromWhatItSaysOfItself() {
    assertThat(
            GpuSurvey.driverVersion(
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.06  Wed Jun 26 06:46:07"
                    + " UTC 2024\n"
                    + "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"))
        .isEqualTo("535.183.06");
    assertThat(
            GpuSurvey.driverVersion(
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95  Release Build"))
        .isEqualTo("580.95");
    assertThat(GpuSurvey.driverVersion("something else")).isNull();
  }

  @Test
  void whereNoGpuCanBeUsedTheSurveySaysWhy() {
    GpuSurvey survey = CudaDevice.survey();
    if (survey.problem() == null) {
      assertThat(survey.gpus()).isNotEmpty();
      assertThat(survey.cuda()).isNotNull();
    } else {
      assertThat(survey.problem()).endsWith(".");
      assertThat(CudaDevice.tryOpen()).isEmpty();
    }
  }
}
