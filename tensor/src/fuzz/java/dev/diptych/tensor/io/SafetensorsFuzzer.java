package dev.diptych.tensor.io;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Safetensors files. */
class SafetensorsFuzzer {
  private static Stream<byte[]> seeds() throws IOException {
    Path file = Files.createTempFile("seed", "");
    try {
      new SafetensorsWriter()
          .metadata("format", "pt")
          .add("weight", Tensor.of(new float[6], Shape.of(2, 3)))
          .add("half", Tensor.of(new float[3], Shape.of(3)), DType.F16)
          .write(file);
      return Stream.of(Files.readAllBytes(file));
    } finally {
      Files.delete(file);
    }
  }

  @MethodSource("seeds")
  @FuzzTest(maxDuration = "1m")
  void headers(byte[] bytes) throws IOException {
    Path file = Files.createTempFile("fuzz", "");
    try {
      FuzzTargets.safetensors(file, bytes);
    } finally {
      Files.delete(file);
    }
  }
}
