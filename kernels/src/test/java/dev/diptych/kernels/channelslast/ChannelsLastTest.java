package dev.diptych.kernels.channelslast;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChannelsLastTest {
  @Test
  void referenceOnPaper() {
    double[] y = new double[6];
    ChannelsLastReference.forward(
        new ChannelsLastDims(1, 2, 3), new double[] {1, 2, 3, 10, 20, 30}, y);
    assertThat(y).containsExactly(1, 10, 2, 20, 3, 30);
  }

  @ParameterizedTest
  @CsvSource({"1,1,1", "2,3,4", "1,3,10000", "2,16,16", "2,17,33", "3,8,31", "1,33,15", "0,3,4"})
  void kernelMatchesReferenceBothWays(int b, int c, int s) {
    ChannelsLastDims d = new ChannelsLastDims(b, c, s);
    double[] x = Oracle.normal(1, d.size());
    double[] y = new double[x.length];
    double[] back = new double[x.length];
    ChannelsLastReference.forward(d, x, y);
    ChannelsLastReference.backward(d, y, back);
    assertThat(back).isEqualTo(x);
    Floats fy = Oracle.unwritten(x.length);
    Floats fBack = Oracle.unwritten(x.length);
    ChannelsLastCpu.forward(d, Oracle.floats(x), fy);
    ChannelsLastCpu.backward(d, Oracle.floats(y), fBack);
    Oracle.assertClose("y", y, fy, 0);
    Oracle.assertClose("back", x, fBack, 0);
  }
}
