package dev.diptych.tensor.io.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.memory.Floats;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A zip64 archive over 4 GiB, sparse: it takes no room on disk. */
class TorchLargeFileTest {
  private static final long BIG = 5L << 30;

  @TempDir Path folder;

  /** An entry as the directory lists it. */
  private record Listed(String name, long size, long at) {}

  @Test
  void storagesBeyondFourGibibytesAreRead() throws IOException {
    Path file = folder.resolve("large.pt");
    byte[] pickle =
        new PickleWriter()
            .op('}', '(')
            .text("far")
            .tensor("ByteStorage", "0", BIG, BIG - 5, new long[] {3}, new long[] {2})
            .text("behind")
            .tensor("FloatStorage", "1", 1, 0, new long[0], new long[0])
            .op('u')
            .stop();
    List<Listed> listed = new ArrayList<>();
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      begin(out, listed, "large/data/0", BIG);
      out.seek(listed.getFirst().at + 30 + 12 + 20 + BIG - 5);
      out.write(new byte[] {1, 9, 2, 9, 3});
      begin(out, listed, "large/data/1", 4);
      out.write(little(4).putFloat(4.25f).array());
      begin(out, listed, "large/data.pkl", pickle.length);
      out.write(pickle);
      writeDirectory(out, listed);
    }
    try (TorchFile read = TorchFile.open(file)) {
      Floats far = Floats.zeros(3);
      read.readFloats("far", far);
      assertThat(far.toArray()).containsExactly(1, 2, 3);
      Floats behind = Floats.zeros(1);
      read.readFloats("behind", behind);
      assertThat(behind.toArray()).containsExactly(4.25f);
    }
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A local header with sizes in its zip64 field. */
  private static void begin(RandomAccessFile out, List<Listed> listed, String name, long size)
      throws IOException {
    listed.add(new Listed(name, size, out.getFilePointer()));
    byte[] text = name.getBytes(StandardCharsets.UTF_8);
    out.write(
        little(30 + text.length + 20)
            .putInt(0x04034b50)
            .putShort((short) 45)
            .putInt(0) // flags, stored
            .putInt(0)
            .putInt(0)
            .putInt(-1)
            .putInt(-1)
            .putShort((short) text.length)
            .putShort((short) 20)
            .put(text)
            .putShort((short) 1)
            .putShort((short) 16)
            .putLong(size)
            .putLong(size)
            .array());
  }

  private static void writeDirectory(RandomAccessFile out, List<Listed> listed) throws IOException {
    long begin = out.getFilePointer();
    for (Listed entry : listed) {
      byte[] text = entry.name.getBytes(StandardCharsets.UTF_8);
      out.write(
          little(46 + text.length + 28)
              .putInt(0x02014b50)
              .putShort((short) 45)
              .putShort((short) 45)
              .putInt(0)
              .putInt(0)
              .putInt(0)
              .putInt(-1)
              .putInt(-1)
              .putShort((short) text.length)
              .putShort((short) 28)
              .putShort((short) 0)
              .putInt(0)
              .putInt(0)
              .putInt(-1)
              .put(text)
              .putShort((short) 1)
              .putShort((short) 24)
              .putLong(entry.size)
              .putLong(entry.size)
              .putLong(entry.at)
              .array());
    }
    long end = out.getFilePointer();
    out.write(
        little(56 + 20 + 22)
            .putInt(0x06064b50)
            .putLong(44)
            .putShort((short) 45)
            .putShort((short) 45)
            .putInt(0)
            .putInt(0)
            .putLong(listed.size())
            .putLong(listed.size())
            .putLong(end - begin)
            .putLong(begin)
            .putInt(0x07064b50)
            .putInt(0)
            .putLong(end)
            .putInt(1)
            .putInt(0x06054b50)
            .putInt(0)
            .putShort((short) -1)
            .putShort((short) -1)
            .putInt(-1)
            .putInt(-1)
            .putShort((short) 0)
            .array());
  }
}
