package dev.diptych.tensor.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diptych.tensor.io.torch.TorchFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** PyTorch's files before zip: pickles and storages one after another. */
class TorchLegacyFuzzer {
  private static Stream<byte[]> seeds() {
    return Stream.of(TorchFixtures.legacy());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void legacyFiles(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", "");
    try {
      FuzzTargets.torch(file, bytes);
    } finally {
      Files.delete(file);
    }
  }
}
