package dev.diptych.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NpyTest {
  @TempDir Path folder;

  /** What {@code numpy.save} of NumPy 2.4.6 writes before the elements. */
  private static byte[] headerOfNumpy(String dictionary, int spaces) {
    String header = "\u0093NUMPY\u0001\u0000v\u0000" + dictionary + " ".repeat(spaces) + "\n";
    return header.getBytes(StandardCharsets.ISO_8859_1);
  }

  @Test
  void filesAreThoseOfNumpyToTheByte() throws IOException {
    Path file = folder.resolve("a.npy");
    Npy.write(file, Tensor.of(new float[] {1, -2.5f, 65504}, Shape.of(3, 1)), DType.F32);
    byte[] bytes = Files.readAllBytes(file);
    assertThat(Arrays.copyOf(bytes, 128))
        .isEqualTo(
            headerOfNumpy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 1), }", 58));
    assertThat(HexFormat.of().formatHex(bytes, 128, bytes.length))
        .isEqualTo("0000803f000020c000e07f47");
    Npy.write(file, Tensor.of(new float[] {1, -2.5f, 65504}, Shape.of(3)), DType.F16);
    bytes = Files.readAllBytes(file);
    assertThat(Arrays.copyOf(bytes, 128))
        .isEqualTo(headerOfNumpy("{'descr': '<f2', 'fortran_order': False, 'shape': (3,), }", 60));
    assertThat(HexFormat.of().formatHex(bytes, 128, bytes.length)).isEqualTo("003c00c1ff7b");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), }|62|",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 4), }|58|0,4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 52), }|54|1000,52"
      })
  void headersOfAllShapesAreThoseOfNumpy(String dictionary, int spaces, String dims)
      throws IOException {
    Shape shape =
        dims == null
            ? Shape.scalar()
            : Shape.ofDims(Arrays.stream(dims.split(",")).mapToInt(Integer::parseInt).toArray());
    Path file = folder.resolve("a.npy");
    Npy.write(file, Tensor.of(new float[shape.size()], shape), DType.F32);
    assertThat(Arrays.copyOf(Files.readAllBytes(file), 128))
        .isEqualTo(headerOfNumpy(dictionary, spaces));
    assertThat(Npy.read(file).shape()).isEqualTo(shape);
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    float[] x = new float[300_001]; // more than one chunk
    for (int i = 0; i < x.length; i++) {
      x[i] = (i % 2048) / 2f - 300;
    }
    x[7] = Float.NaN;
    x[8] = Float.NEGATIVE_INFINITY;
    for (DType dtype : new DType[] {DType.F32, DType.F16}) {
      Path file = folder.resolve("deep/er/" + dtype + ".npy");
      Npy.write(file, Tensor.of(x, Shape.of(x.length, 1)), dtype);
      assertThat(Npy.read(file).toArray()).isEqualTo(x);
    }
    Path turned = folder.resolve("turned.npy");
    float[] six = {1, 2, 3, 4, 5, 6};
    Npy.write(turned, Tensor.of(six, Shape.of(2, 3)).transpose(0, 1), DType.F32);
    assertThat(Npy.read(turned).toArray()).isEqualTo(new float[] {1, 4, 2, 5, 3, 6});
    assertThat(Npy.read(turned).shape()).isEqualTo(Shape.of(3, 2));
  }

  @Test
  void integersAreNotWritten() {
    Tensor tensor = Tensor.of(new float[1], Shape.of(1));
    assertThatThrownBy(() -> Npy.write(folder.resolve("a.npy"), tensor, DType.I32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("F32 or F16, not I32");
    assertThat(folder.resolve("a.npy")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }|its type is <i8",
        "{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }|its type is >f4",
        "{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }|column by column",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }|needs 12 bytes, found 8",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999, 99999), }|its shape is",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999), }|its shape is",
        "{'descr': '<f4', 'shape': (2,), }|lacks",
        "nothing|lacks"
      })
  void headersThatLieAreRefused(String dictionary, String words) throws IOException {
    byte[] header = headerOfNumpy(dictionary, 117 - dictionary.length());
    Path file = Files.write(folder.resolve("a.npy"), Arrays.copyOf(header, 128 + 8));
    assertThatThrownBy(() -> Npy.read(file))
        .isInstanceOf(TensorFileException.class)
        .hasMessageContaining("a.npy")
        .hasMessageContaining(words);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, 11, 12, 100, 127})
  void filesThatAreCutShortAreRefused(int length) throws IOException {
    Path file = folder.resolve("a.npy");
    Npy.write(file, Tensor.of(new float[8], Shape.of(8)), DType.F32);
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), length));
    assertThatThrownBy(() -> Npy.read(file)).isInstanceOf(TensorFileException.class);
  }

  @Test
  void textIsNoArray() throws IOException {
    Path file = Files.writeString(folder.resolve("a.npy"), "a text that is no array");
    assertThatThrownBy(() -> Npy.read(file)).hasMessageContaining("does not begin with");
  }
}
