package dev.diptych.tensor.io.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.memory.Floats;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A checkpoint is read without a second copy of it: the heap holds the weights as f32, and little
 * more.
 */
class TorchMemoryTest {
  private static final int TENSORS = 50;
  private static final int ELEMENTS = 1 << 19;
  private static final int WEIGHTS_MIB = (TENSORS * ELEMENTS * Float.BYTES) >> 20;

  @TempDir Path folder;

  @Test
  void aHeapOfOneAndAFifthOfTheWeightsIsEnough() throws Exception {
    Path file = folder.resolve("weights.pt");
    writeCheckpoint(file);
    assertThat(WEIGHTS_MIB).isEqualTo(100);
    assertThat(Files.size(file)).isGreaterThan((long) WEIGHTS_MIB << 20);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-Xmn6m",
                "-Xmx" + WEIGHTS_MIB * 6 / 5 + "m",
                "-cp",
                System.getProperty("java.class.path"),
                Run.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("read " + TENSORS + " tensors, the last begins with 49.0, 49.25");
  }

  /** f32 weights: the file is as large as they are in memory, so that a copy would show. */
  private static void writeCheckpoint(Path file) throws IOException {
    PickleWriter pickle = new PickleWriter().op('}', '(');
    for (int i = 0; i < TENSORS; i++) {
      pickle
          .text("layer." + i)
          .tensor(
              "FloatStorage",
              Integer.toString(i),
              ELEMENTS,
              0,
              new long[] {ELEMENTS / 512, 512},
              new long[] {512, 1});
    }
    byte[] storage = new byte[ELEMENTS * Float.BYTES];
    ByteBuffer floats = ByteBuffer.wrap(storage).order(ByteOrder.LITTLE_ENDIAN);
    try (ZipOutputStream zip =
        new ZipOutputStream(new BufferedOutputStream(Files.newOutputStream(file)))) {
      TorchFixtures.store(zip, "weights/data.pkl", pickle.op('u').stop());
      for (int i = 0; i < TENSORS; i++) {
        for (int k = 0; k < ELEMENTS; k++) {
          floats.putFloat(k * Float.BYTES, i + k % 4 * 0.25f);
        }
        TorchFixtures.store(zip, "weights/data/" + i, storage);
      }
    }
  }

  /** What the test runs in a Java of its own: reads every tensor and keeps them all. */
  static final class Run {
    private Run() {}

    public static void main(String[] args) throws IOException {
      List<Floats> weights = new ArrayList<>();
      try (TorchFile file = TorchFile.open(Path.of(args[0]))) {
        for (String name : file.names()) {
          Floats target = Floats.zeros(file.entry(name).shape().size());
          file.readFloats(name, target);
          weights.add(target);
        }
      }
      float[] last = weights.getLast().array();
      System.out.println(
          "read " + weights.size() + " tensors, the last begins with " + last[0] + ", " + last[1]);
    }
  }
}
