package dev.diptych.tensor.io.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.io.TensorFileException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TorchFileTest {
  @TempDir Path folder;

  private Path write(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("model.pt"), bytes);
  }

  private void assertRefused(byte[] bytes, String message) throws IOException {
    Path file = write(bytes);
    assertThatThrownBy(() -> TorchFile.open(file).close())
        .isInstanceOf(TensorFileException.class)
        .hasMessageStartingWith(file + " is not a usable PyTorch file: ")
        .hasMessageContaining(message);
  }

  private void assertPickleRefused(PickleWriter pickle, String message) throws IOException {
    assertRefused(TorchFixtures.zip(pickle.stop(), TorchFixtures.checkpointStorages()), message);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aCheckpointIsLaidOutFlat(boolean zip) throws IOException {
    Path file = write(zip ? TorchFixtures.zip() : TorchFixtures.legacy());
    assertThat(TorchFile.isTorchFile(file)).isTrue();
    try (TorchFile read = TorchFile.open(file)) {
      assertThat(read.names())
          .containsExactly(
              "state_dict.weight", "state_dict.half", "state_dict.tied", "state_dict.count");
      assertThat(floats(read, "state_dict.weight"))
          .containsExactly(.5f, 3.5f, 1.5f, 4.5f, 2.5f, 5.5f);
      assertThat(floats(read, "state_dict.tied"))
          .containsExactly(.5f, 3.5f, 1.5f, 4.5f, 2.5f, 5.5f);
      assertThat(floats(read, "state_dict.half")).containsExactly(1, 2, 3);
      assertThat(floats(read, "state_dict.count")).containsExactly(77);
      assertThat(read.metadata())
          .containsExactly(
              Map.entry("epoch", "3"),
              Map.entry("state_dict._metadata..version", "1"),
              Map.entry("betas.0", "0.9"),
              Map.entry("betas.1", "True"),
              Map.entry("names.0", "größe"),
              Map.entry("names.1", "None"));
      assertThatThrownBy(() -> read.entry("x"))
          .isInstanceOf(TensorFileException.class)
          .hasMessageContaining("has no tensor 'x'; it has: state_dict.weight, ");
      assertThatThrownBy(() -> read.readFloats("state_dict.half", Floats.zeros(4)))
          .isInstanceOf(TensorFileException.class)
          .hasMessageContaining("has the shape (3) with 3 elements, expected 4 elements");
    }
  }

  private static float[] floats(TorchFile file, String name) throws IOException {
    Floats target = Floats.zeros(file.entry(name).shape().size());
    file.readFloats(name, target);
    return target.toArray();
  }

  @ParameterizedTest
  @CsvSource({
    "os,system",
    "posix,system",
    "subprocess,Popen",
    "builtins,eval",
    "builtins,getattr",
    "nt,system"
  })
  void aProgramIsRefusedByItsName(String module, String name) throws IOException {
    assertPickleRefused(
        new PickleWriter().global(module, name).text("touch /tmp/harm").op(0x85, 'R'),
        "it asks for "
            + module
            + "."
            + name
            + ": this file would run a program when loaded by Python; it was not read");
  }

  @ParameterizedTest
  @CsvSource({
    "argparse,Namespace",
    "torch.storage,_load_from_bytes",
    "torch.nn.modules.linear,Linear",
    "numpy.core.multiarray,_reconstruct",
    "torch.hub,load",
    "torch,load",
    "torch.serialization,load",
    "my.evil,FloatStorage",
    "torch.x.y,FloatStorage",
    "os.torch,FloatStorage2",
    "__torch__evil,X",
  })
  void everyOtherNameIsRefusedToo(String module, String name) throws IOException {
    String full = module + "." + name;
    assertPickleRefused(new PickleWriter().global(module, name), "it asks for " + full);
    assertPickleRefused(new PickleWriter().text(module).text(name).op(0x93), "it asks for " + full);
  }

  @Test
  void instructionsThatRunThingsAreUnknown() throws IOException {
    assertPickleRefused(new PickleWriter().op('i'), "protocol 0 or 1");
    assertPickleRefused(new PickleWriter().op(0x92), "instruction 0x92");
    assertPickleRefused(new PickleWriter().op(0x82, 1), "instruction 0x82");
    assertPickleRefused(new PickleWriter().op(0xff), "no pickle instruction 0xff");
    assertPickleRefused(
        new PickleWriter().global("torch", "FloatStorage").op(')', 'R'),
        "calls torch.FloatStorage");
    assertPickleRefused(
        new PickleWriter().global("torch", "Size").op(')', 0x81), "makes a new torch.Size");
    assertPickleRefused(
        new PickleWriter().op('N').text("state").op('b'), "sets the state of None to a string");
  }

  @Test
  void plainValuesOfPythonAndNumpyAreRead() throws IOException {
    PickleWriter pickle =
        new PickleWriter()
            .op('}', '(')
            .text("device")
            .global("torch", "device")
            .text("cuda")
            .op('K', 1, 0x86, 'R')
            .text("size")
            .global("torch", "Size")
            .tuple(2, 3)
            .op(0x85, 'R')
            .text("dtype")
            .global("torch", "float16")
            .text("bytes")
            .global("_codecs", "encode")
            .text("aÿ")
            .text("latin1")
            .op(0x86, 'R')
            .text("set")
            .global("__builtin__", "set")
            .op(']', 'K', 5, 'a', 0x85, 'R')
            .text("acc")
            .global("numpy.core.multiarray", "scalar")
            .global("numpy", "dtype")
            .text("f8")
            .op(0x89, 0x88, 0x87, 'R', '(', 'K', 3)
            .text("<")
            .op('N', 't', 'b')
            .op('C', 8, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f, 0x86, 'R')
            .op('K', 7)
            .text("number as key")
            .op('u');
    try (TorchFile read = TorchFile.open(write(TorchFixtures.zip(pickle.stop(), Map.of())))) {
      assertThat(read.names()).isEmpty();
      assertThat(read.metadata())
          .containsEntry("device", "cuda:1")
          .containsEntry("size.0", "2")
          .containsEntry("dtype", "torch.float16")
          .containsEntry("bytes", "61ff")
          .containsEntry("set.0", "5")
          .containsEntry("acc", "0.5")
          .containsEntry("7", "number as key");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1|3|1|",
        "1|4|1|does not fit its storage",
        "-1|2|1|does not fit its storage",
        "4611686018427387904|1|1|does not fit its storage",
        "0|2|4611686018427387904|does not fit its storage",
        "0|2|-1|does not fit its storage",
        "0|1152921504606846976|1|impossible shape",
        "0|1152921504606846976|0|impossible shape",
        "0|2147483647|0|repeats a storage",
        "0|4294967296|1|impossible shape",
        "0|-1|1|impossible shape",
        "0|1000|0|",
        "9223372036854775807|0|9223372036854775807|does not fit its storage",
        "0|0|9223372036854775807|",
      })
  void aViewLiesInItsStorage(long offset, long size, long stride, String message)
      throws IOException {
    PickleWriter pickle =
        new PickleWriter()
            .tensor("HalfStorage", "1", 4, offset, new long[] {size}, new long[] {stride});
    if (message == null) {
      byte[] zip = TorchFixtures.zip(pickle.stop(), TorchFixtures.checkpointStorages());
      try (TorchFile read = TorchFile.open(write(zip))) {
        assertThat(floats(read, "")).hasSize((int) size);
      }
    } else {
      assertPickleRefused(pickle, message);
    }
  }

  @Test
  void shapesThatOverflowAreRefused() throws IOException {
    long[] big = {1 << 30, 1 << 30, 1 << 4};
    assertPickleRefused(
        new PickleWriter().tensor("HalfStorage", "1", 4, 0, big, new long[3]), "impossible shape");
    assertPickleRefused(
        new PickleWriter()
            .tensor("HalfStorage", "1", Long.MAX_VALUE, 0, new long[] {2}, new long[] {1}),
        "claims to have 9223372036854775807 elements");
    assertPickleRefused(
        new PickleWriter()
            .tensor("HalfStorage", "1", 1L << 60, 0, new long[] {4}, new long[] {1L << 58}),
        "must have 2305843009213693952 bytes, but has 8");
    assertPickleRefused(
        new PickleWriter().tensor("HalfStorage", "1", 4, 0, new long[] {3, 2}, new long[] {1, 1}),
        "does not fit its storage '1' of 4 elements");
    // The same storage, described in two ways.
    assertPickleRefused(
        new PickleWriter()
            .storage("HalfStorage", "1", 4)
            .op('0')
            .tensor("FloatStorage", "1", 2, 0, new long[] {2}, new long[] {1}),
        "describes storage '1' as 8 bytes of F16 and as 8 bytes of F32");
    assertPickleRefused(
        new PickleWriter().tensor("HalfStorage", "../../1", 4, 0, new long[1], new long[1]),
        "lacks archive/data/../../1");
    assertPickleRefused(
        new PickleWriter().tensor("ComplexFloatStorage", "1", 1, 0, new long[0], new long[0]),
        "torch.ComplexFloatStorage, of which the type is not read");
  }

  @Test
  void containersThatUnfoldWithoutEndAreRefused() throws IOException {
    PickleWriter self = new PickleWriter().op(']', 'q', 0, 'h', 0, 'a');
    assertPickleRefused(self, "nested without end");
    PickleWriter laughs = new PickleWriter().op(']', 'q', 0, 'K', 1, 'a');
    for (int i = 0; i < 60; i++) {
      laughs.op(']', '(', 'h', i, 'h', i, 'e', 'q', i + 1);
    }
    assertPickleRefused(laughs, "nested without end");
    PickleWriter deep = new PickleWriter();
    for (int i = 0; i < 100_000; i++) {
      deep.op(']');
    }
    for (int i = 0; i < 99_999; i++) {
      deep.op('a');
    }
    assertPickleRefused(deep, "nested without end");
    // An object that is given a large state again and again.
    PickleWriter growing = new PickleWriter().op('}', 'q', 0, '(');
    for (int i = 0; i < 1000; i++) {
      growing.op('K', 1, 'K', 1);
    }
    growing.op('u', 'q', 0, '0').global("__torch__", "X").op(')', 0x81);
    for (int i = 0; i < 10_000; i++) {
      growing.op('h', 0, 'b');
    }
    assertPickleRefused(growing, "over 2000000 instructions");
  }

  @Test
  void twoTensorsOfOneNameAreRefused() throws IOException {
    PickleWriter twice = new PickleWriter().op('}', '(');
    for (int i = 0; i < 2; i++) {
      twice.text("a").tensor("HalfStorage", "1", 4, 0, new long[] {4}, new long[] {1});
    }
    assertPickleRefused(twice.op('u'), "two tensors of the name 'a'");
  }

  @Test
  void claimedLengthsAllocateNothing() throws IOException {
    assertPickleRefused(
        new PickleWriter().op('X', 255, 255, 255, 255), "claims to have 4294967295");
    assertPickleRefused(new PickleWriter().op('X', 0, 0, 255, 0), "the pickle ends at byte");
    assertPickleRefused(
        new PickleWriter().op(0x8d, 255, 255, 255, 255, 255, 255, 255, 255),
        "where 18446744073709551615 more are due");
    assertPickleRefused(
        new PickleWriter().op(0x8b, 255, 255, 255, 127), "claims to have 2147483647");
    assertPickleRefused(new PickleWriter().op('j', 255, 255, 255, 255), "recalls place 4294967295");
    try (TorchFile read =
        TorchFile.open(
            write(
                TorchFixtures.zip(
                    new PickleWriter().op('N', 'r', 255, 255, 255, 255).stop(), Map.of())))) {
      assertThat(read.metadata()).containsEntry("", "None");
    }
  }

  @Test
  void zipArchivesThatAreNoneOfPyTorchesAreRefused() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      TorchFixtures.store(zip, "a.npy", new byte[3]);
    }
    assertRefused(bytes.toByteArray(), "a zip archive without data.pkl");
    bytes.reset();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      TorchFixtures.store(zip, "a/data.pkl", new byte[3]);
      TorchFixtures.store(zip, "b/data.pkl", new byte[3]);
    }
    assertRefused(bytes.toByteArray(), "two pickles, in a and b");
    bytes.reset();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      TorchFixtures.store(zip, "a/data.pkl", new PickleWriter().op('N').stop());
      TorchFixtures.store(zip, "a/byteorder", "big".getBytes(StandardCharsets.UTF_8));
    }
    assertRefused(bytes.toByteArray(), "byte order is 'big'");
    bytes.reset();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) { // a megabyte in a kilobyte
      zip.putNextEntry(new ZipEntry("a/data.pkl"));
      zip.write(new byte[1 << 20]);
      zip.closeEntry();
    }
    assertRefused(bytes.toByteArray(), "a/data.pkl is compressed or encrypted");
  }

  @Test
  void anEntryThatClaimsMoreThanTheFileHasIsRefused() throws IOException {
    byte[] zip = TorchFixtures.zip();
    // The directory's record of data/0: its sizes are 20 and 24 bytes after its signature.
    byte[] name = "archive/data/0".getBytes(StandardCharsets.UTF_8);
    int at = zip.length;
    while (!(zip[at - 1] == '0'
        && Arrays.equals(zip, at - name.length, at, name, 0, name.length))) {
      at--;
    }
    int record = at - name.length - 46;
    byte[] both = zip.clone();
    both[record + 22] = 127;
    both[record + 26] = 127;
    assertRefused(both, "data for archive/data/0 overlaps with central directory");
    byte[] one = zip.clone();
    one[record + 24]++;
    assertRefused(one, "archive/data/0 claims 25 bytes from byte");
  }

  @Test
  void otherFilesAreToldApart() throws IOException {
    assertRefused(new byte[0], "neither as a zip archive nor as a pickle");
    assertThat(TorchFile.isTorchFile(folder.resolve("model.pt"))).isFalse();
    assertRefused("{\"a\": 1}".getBytes(StandardCharsets.UTF_8), "neither as a zip archive");
    assertRefused(new PickleWriter().op('K', 1).stop(), "not one that torch.save wrote");
    assertThat(TorchFile.isTorchFile(folder.resolve("model.pt"))).isFalse();
    byte[] tar = new byte[1024];
    System.arraycopy("sys_info".getBytes(StandardCharsets.UTF_8), 0, tar, 0, 8);
    assertRefused(tar, "a tar archive as PyTorch before 0.1.10 wrote them. Load it in Python");
    assertThat(TorchFile.isTorchFile(folder.resolve("model.pt"))).isTrue();
    assertRefused(
        TorchFixtures.legacy(TorchFixtures.checkpointPickle(), false), "big-endian machine");
    assertThatThrownBy(() -> TorchFile.open(folder.resolve("none.pt")))
        .isInstanceOf(NoSuchFileException.class);
  }
}
