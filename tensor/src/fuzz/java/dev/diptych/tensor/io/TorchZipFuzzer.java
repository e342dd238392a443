package dev.diptych.tensor.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diptych.tensor.io.torch.TorchFixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Zip archives of PyTorch's, and whatever else a file may hold. */
class TorchZipFuzzer {
  private static Stream<byte[]> seeds() throws IOException {
    return Stream.of(TorchFixtures.zip());
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void zipArchives(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", "");
    try {
      FuzzTargets.torch(file, bytes);
    } finally {
      Files.delete(file);
    }
  }
}
