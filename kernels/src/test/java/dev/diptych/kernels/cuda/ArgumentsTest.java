package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class ArgumentsTest {
  @Test
  void eachLiesAtAMultipleOfItsSize() {
    Arguments arguments =
        new Arguments()
            .int32(7)
            .pointer(new DeviceMemory(0x7f00_0000_1230L, 8))
            .float32(0.5f)
            .int64(-2)
            .int32(9)
            .pointer(null);
    assertThat(arguments.size()).isEqualTo(48);
    ByteBuffer packed = arguments.packed();
    assertThat(packed.remaining()).isEqualTo(48);
    assertThat(packed.getInt(0)).isEqualTo(7);
    assertThat(packed.getLong(8)).isEqualTo(0x7f00_0000_1230L);
    assertThat(packed.getFloat(16)).isEqualTo(0.5f);
    assertThat(packed.getLong(24)).isEqualTo(-2);
    assertThat(packed.getInt(32)).isEqualTo(9);
    assertThat(arguments).hasToString("(7, 0x7f0000001230[8 bytes], 0.5, -2, 9, null)");
  }

  @Test
  void thereIsRoomForManyButNotForAnyNumber() {
    Arguments arguments = new Arguments();
    for (int i = 0; i < 512; i++) {
      arguments.int64(i);
    }
    assertThat(arguments.size()).isEqualTo(4096);
    assertThat(arguments.packed().getLong(511 * 8)).isEqualTo(511);
    assertThatThrownBy(() -> arguments.int32(1)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void knowsWhetherAllPointersAreAligned() {
    Arguments arguments = new Arguments().pointer(new DeviceMemory(64, 4)).pointer(null);
    assertThat(arguments.pointersAreMultiplesOf(64)).isTrue();
    arguments.pointer(new DeviceMemory(72, 4)).int64(3);
    assertThat(arguments.pointersAreMultiplesOf(8)).isTrue();
    assertThat(arguments.pointersAreMultiplesOf(16)).isFalse();
  }

  @Test
  void launchesBeyondAnyGpuAreRefused() {
    assertThat(Launch.of(0, 32).isEmpty()).isTrue();
    assertThat(Launch.of(5, 32).withGrid(5, 0, 1).isEmpty()).isTrue();
    assertThat(Launch.of(5, 32).withGrid(5, 6, 7).withShared(100))
        .hasToString("grid (5, 6, 7), block (32, 1, 1), 100 bytes of shared memory");
    assertThatThrownBy(() -> Launch.of(-1, 32)).hasMessageContaining("grid (-1, 1, 1)");
    assertThatThrownBy(() -> Launch.of(1, 2000)).hasMessageContaining("1 to 1024 threads");
    assertThatThrownBy(() -> Launch.of(1, 32).withGrid(1, 70_000, 1)).hasMessageContaining("65535");
  }
}
