package dev.diptych.kernels.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.cuda.PtxGpu;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** The kernels that ship, run by the PTX interpreter on every case that a real GPU is given too. */
class SuiteTest {
  @TestFactory
  Stream<DynamicTest> kernelsMatchTheReference() {
    PtxGpu gpu = new PtxGpu();
    return Suite.all().cases().stream()
        .map(one ->
            DynamicTest.dynamicTest(
                one.name(),
                () -> {
                  one.run(gpu);
                  gpu.freeUnused();
                  assertThat(gpu.living()).as("memory that was not given back").isEmpty();
                }));
  }
}
