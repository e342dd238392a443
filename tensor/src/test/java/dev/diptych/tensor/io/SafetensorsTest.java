package dev.diptych.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  @TempDir Path folder;

  @Test
  void whatIsWrittenIsRead() throws IOException {
    Path file = folder.resolve("deep/er/a.safetensors");
    float[] x = {1, -2.5f, 3e-8f, Float.NaN, Float.NEGATIVE_INFINITY, 65504};
    Tensor tensor = Tensor.of(x, Shape.of(2, 3));
    new SafetensorsWriter()
        .metadata("format", "pt")
        .add("x", tensor)
        .add("half", tensor, DType.F16)
        .add("brain", tensor, DType.BF16)
        .add("double", tensor, DType.F64)
        .add("turned", tensor.transpose(0, 1))
        .add("scalar", Tensor.of(new float[] {7}, Shape.scalar()))
        .add("empty", Tensor.of(new float[0], Shape.of(0, 4)))
        .add("ids", new IntTensor(Shape.of(2), new int[] {-5, 49407}))
        .add("long", new IntTensor(Shape.scalar(), new int[] {-7}), DType.I64)
        .addBytes("größe", new byte[] {1, (byte) 200}, Shape.of(2, 1))
        .write(file);
    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.metadata()).containsEntry("format", "pt");
      assertThat(read.floats("x").toArray()).isEqualTo(x);
      assertThat(read.floats("x").shape()).isEqualTo(Shape.of(2, 3));
      assertThat(read.floats("half").toArray())
          .isEqualTo(
              new float[] {1, -2.5f, 5.9604645e-8f, Float.NaN, Float.NEGATIVE_INFINITY, 65504});
      assertThat(read.floats("brain").toArray()[5]).isEqualTo(65536);
      assertThat(read.doubles("double")[1]).isEqualTo(-2.5);
      assertThat(read.floats("turned").toArray())
          .isEqualTo(new float[] {1, Float.NaN, -2.5f, Float.NEGATIVE_INFINITY, 3e-8f, 65504});
      assertThat(read.floats("scalar").item()).isEqualTo(7);
      assertThat(read.floats("empty").size()).isZero();
      assertThat(read.ints("ids").data()).containsExactly(-5, 49407);
      assertThat(read.entry("long").dtype()).isEqualTo(DType.I64);
      assertThat(read.ints("long").data()).containsExactly(-7);
      assertThat(read.ints("größe").data()).containsExactly(1, 200);
      assertThatThrownBy(() -> read.floats("y"))
          .hasMessageContaining("has no tensor 'y'; it has: x, half");
      assertThatThrownBy(() -> read.ints("x")).hasMessageContaining("must hold integers");
    }
    assertThat(folder.resolve("deep/er").toFile().list()).containsExactly("a.safetensors");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,12]}}|claims the bytes 0 to"
            + " 12",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}|claims the bytes 8 to 0",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-4,4]}}|claims the bytes -4 to"
            + " 4",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}|needs 4 bytes, its range"
            + " has 8",
        "{\"x\":{\"dtype\":\"F31\",\"shape\":[2],\"data_offsets\":[0,8]}}|dtype F31",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}|no negative lengths",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1152921504606846976],\"data_offsets\":[0,8]}}|impossible"
            + " shape",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[65536,65536],\"data_offsets\":[0,8]}}|at most"
            + " 2147483647",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}|lacks dtype, shape or data_offsets",
        "{\"x\":7}|lacks dtype",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0.5,4.5]}}|lacks dtype",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"y\":{\"dtype\":\"F16\","
            + "\"shape\":[2],\"data_offsets\":[3,7]}}|tensors 'x' and 'y' both claim the byte 3",
        "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"x\":{\"dtype\":\"F32\","
            + "\"shape\":[1],\"data_offsets\":[4,8]}}|Duplicate",
        "{\"__metadata__\":{\"a\":{}}}|'a' of __metadata__ is not a string",
        "{} {}|not JSON",
        "[1]|not a JSON object",
        "{\"x\":|not JSON"
      })
  void aHeaderThatLiesIsRefused(String header, String message) throws IOException {
    Path file = folder.resolve("bad.safetensors");
    byte[] json = header.getBytes(StandardCharsets.UTF_8);
    Files.write(
        file,
        ByteBuffer.allocate(16 + json.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(json.length)
            .put(json)
            .array());
    assertThatThrownBy(() -> Safetensors.open(file))
        .isInstanceOf(TensorFileException.class)
        .hasMessageContaining(file.toString())
        .hasMessageContaining(message);
  }

  @Test
  void aDeeplyNestedHeaderIsRefused() throws IOException {
    aHeaderThatLiesIsRefused("{\"x\":" + "[".repeat(1_000_000), "nesting depth");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 7, 8, 9, 40, 100})
  void aTruncatedFileIsRefused(int length) throws IOException {
    Path file = folder.resolve("cut.safetensors");
    new SafetensorsWriter().add("x", Tensor.of(new float[100], Shape.of(100))).write(file);
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(length);
    }
    assertThatThrownBy(() -> Safetensors.open(file)).isInstanceOf(TensorFileException.class);
  }

  @Test
  void aFailedWriteLeavesWhatWasThere() throws IOException {
    Path file = folder.resolve("kept.txt");
    AtomicFile.writeText(file, "before");
    assertThatThrownBy(() ->
            AtomicFile.write(
                file,
                channel -> {
                  AtomicFile.writeFully(channel, ByteBuffer.allocate(10));
                  throw new IOException("No space left on device");
                }))
        .hasMessage("No space left on device");
    assertThat(file).hasContent("before");
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void aFileOverTwoGibibytesIsRead() throws IOException {
    // Sparse: takes no room on disk. The last tensor begins beyond 2³¹ bytes.
    Path file = folder.resolve("large.safetensors");
    long big = 3L << 30;
    byte[] json =
        ("{\"big\":{\"dtype\":\"I8\",\"shape\":[2,1610612736],\"data_offsets\":[0,%d]},"
                + "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}")
            .replace("[2,1610612736]", "[1073741824]")
            .replace("[0,%d]", "[0," + (1L << 30) + "]")
            .formatted(big, big + 4)
            .getBytes(StandardCharsets.UTF_8);
    try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
      large.write(
          ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
      large.write(json);
      large.seek(8 + json.length + big);
      large.write(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(4.25f).array());
    }
    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.floats("x").item()).isEqualTo(4.25f);
    }
  }
}
