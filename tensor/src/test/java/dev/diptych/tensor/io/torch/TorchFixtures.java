package dev.diptych.tensor.io.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Files as {@code torch.save} writes them, made without it. */
public final class TorchFixtures {
  private TorchFixtures() {}

  /** A checkpoint of a few tensors of several types, views and plain values. */
  public static byte[] checkpointPickle() {
    return new PickleWriter()
        .op('}', 'q', 0, '(')
        .text("epoch")
        .op('K', 3)
        .text("state_dict")
        .global("collections", "OrderedDict")
        .op(')', 'R', 'q', 1, '(')
        .text("weight")
        .tensor("FloatStorage", "0", 6, 0, new long[] {3, 2}, new long[] {1, 3})
        .op('q', 2)
        .text("half")
        .tensor("HalfStorage", "1", 4, 1, new long[] {3}, new long[] {1})
        .text("tied")
        .op('h', 2)
        .text("count")
        .tensor("LongStorage", "2", 1, 0, new long[] {}, new long[] {})
        .op('u')
        .op('}', '(')
        .text("_metadata")
        .op('}', '(')
        .text("")
        .op('}', '(')
        .text("version")
        .op('K', 1, 'u', 'u', 'u', 'b')
        .text("betas")
        .op('G', 0x3f, 0xec, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcd, 0x88, 0x86)
        .text("names")
        .op(']', '(')
        .text("größe")
        .op('N', 'e', 'u')
        .stop();
  }

  /** The storages of {@link #checkpointPickle}. */
  public static Map<String, byte[]> checkpointStorages() {
    Map<String, byte[]> storages = new LinkedHashMap<>();
    byte[] floats = new byte[24];
    for (int i = 0; i < 6; i++) {
      ByteBuffer.wrap(floats).order(ByteOrder.LITTLE_ENDIAN).putFloat(4 * i, i + 0.5f);
    }
    byte[] halves = new byte[8];
    for (int i = 0; i < 4; i++) {
      ByteBuffer.wrap(halves)
          .order(ByteOrder.LITTLE_ENDIAN)
          .putShort(2 * i, Float.floatToFloat16(i));
    }
    storages.put("0", floats);
    storages.put("1", halves);
    storages.put("2", little(8).putLong(77).array());
    return storages;
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The checkpoint as a zip archive. */
  public static byte[] zip() throws IOException {
    return zip(checkpointPickle(), checkpointStorages());
  }

  public static byte[] zip(byte[] pickle, Map<String, byte[]> storages) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes, StandardCharsets.UTF_8)) {
      store(zip, "archive/data.pkl", pickle);
      store(zip, "archive/byteorder", "little".getBytes(StandardCharsets.UTF_8));
      for (Map.Entry<String, byte[]> storage : storages.entrySet()) {
        store(zip, "archive/data/" + storage.getKey(), storage.getValue());
      }
      store(zip, "archive/version", "3\n".getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }

  static void store(ZipOutputStream zip, String name, byte[] content) throws IOException {
    ZipEntry entry = new ZipEntry(name);
    CRC32 crc = new CRC32();
    crc.update(content);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(content.length);
    entry.setCrc(crc.getValue());
    zip.putNextEntry(entry);
    zip.write(content);
    zip.closeEntry();
  }

  /** The checkpoint as before PyTorch 1.6. */
  public static byte[] legacy() {
    return legacy(checkpointPickle(), true);
  }

  public static byte[] legacy(byte[] pickle, boolean littleEndian) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(
        new PickleWriter()
            .op(0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)
            .stop());
    bytes.writeBytes(new PickleWriter().op('M', 0xe9, 3).stop());
    bytes.writeBytes(
        new PickleWriter()
            .op('}', '(')
            .text("protocol_version")
            .op('M', 0xe9, 3)
            .text("little_endian")
            .op(littleEndian ? 0x88 : 0x89, 'u')
            .stop());
    bytes.writeBytes(pickle);
    bytes.writeBytes(new PickleWriter().op(']', '(').text("0").text("1").text("2").op('e').stop());
    int[] widths = {4, 2, 8};
    int i = 0;
    for (byte[] storage : checkpointStorages().values()) {
      bytes.writeBytes(little(8).putLong(storage.length / widths[i++]).array());
      bytes.writeBytes(storage);
    }
    return bytes.toByteArray();
  }
}
