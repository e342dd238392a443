package dev.diptych.tensor.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diptych.tensor.io.torch.TorchFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Pickles inside a zip archive that is right. */
class TorchPickleFuzzer {
  private static Stream<byte[]> seeds() {
    return Stream.of(TorchFixtures.checkpointPickle());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void pickles(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", "");
    try {
      FuzzTargets.torch(file, TorchFixtures.zip(bytes, TorchFixtures.checkpointStorages()));
    } finally {
      Files.delete(file);
    }
  }
}
