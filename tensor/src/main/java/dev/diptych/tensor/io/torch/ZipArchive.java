package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.archivers.zip.ZipMethod;
import org.jspecify.annotations.Nullable;

/**
 * The zip archives of {@code torch.save} since PyTorch 1.6 and of TorchScript: {@code
 * NAME/data.pkl} is the pickle, {@code NAME/data/KEY} are the storages. Both are stored, not
 * compressed, and are read where they lie: nothing is extracted, so that names of entries never
 * become paths and no entry can unfold to more than it is. Checksums are not compared: PyTorch can
 * be told to leave them out.
 */
final class ZipArchive {
  private final MemorySegment file;
  private final String name;
  private final Map<String, ZipArchiveEntry> entries;

  private ZipArchive(MemorySegment file, String name, Map<String, ZipArchiveEntry> entries) {
    this.file = file;
    this.name = name;
    this.entries = entries;
  }

  /**
   * Reads the archive's directory.
   *
   * @param file all of the file
   * @param channel the same file; closed here
   * @throws TensorFileException if it is damaged, or no archive of PyTorch's
   */
  static ZipArchive open(MemorySegment file, FileChannel channel) throws TensorFileException {
    Map<String, ZipArchiveEntry> entries = new HashMap<>();
    String name = null;
    try (ZipFile zip = ZipFile.builder().setSeekableByteChannel(channel).get()) {
      for (Enumeration<ZipArchiveEntry> all = zip.getEntries(); all.hasMoreElements(); ) {
        ZipArchiveEntry entry = all.nextElement();
        if (entries.putIfAbsent(entry.getName(), entry) != null) {
          throw Faults.damaged("the zip archive has two entries named " + entry.getName());
        }
        String found = archiveName(entry.getName());
        if (found != null && name != null) {
          throw Faults.damaged("the zip archive has two pickles, in " + name + " and " + found);
        }
        name = found == null ? name : found;
      }
    } catch (TensorFileException e) {
      throw e;
    } catch (IOException | RuntimeException e) { // the library meets some damage with the latter
      throw Faults.damaged("its zip directory is damaged or cut off", e);
    }
    if (name == null) {
      throw new TensorFileException(
          "it is a zip archive without data.pkl, so neither torch.save nor torch.jit.save of"
              + " PyTorch 1.6 or later wrote it. If a program of today's PyTorch loads it, save it"
              + " again there.");
    }
    ZipArchive archive = new ZipArchive(file, name, entries);
    archive.checkByteOrder();
    return archive;
  }

  private static @Nullable String archiveName(String entry) {
    int slash = entry.indexOf('/');
    return slash > 0 && entry.substring(slash).equals("/data.pkl")
        ? entry.substring(0, slash)
        : null;
  }

  private void checkByteOrder() throws TensorFileException {
    if (entries.containsKey(name + "/byteorder")) {
      MemorySegment bytes = entry(name + "/byteorder");
      String order =
          new String(
              bytes.asSlice(0, Math.min(bytes.byteSize(), 16)).toArray(ValueLayout.JAVA_BYTE),
              StandardCharsets.UTF_8);
      if (!order.strip().equals("little")) {
        throw Faults.unsupported("its byte order is '" + order + "', only 'little' is read");
      }
    }
  }

  /** The pickle of what was saved. */
  MemorySegment pickle() throws TensorFileException {
    return entry(name + "/data.pkl");
  }

  /** The bytes of a storage. */
  MemorySegment storage(String key) throws TensorFileException {
    return entry(name + "/data/" + key);
  }

  private MemorySegment entry(String path) throws TensorFileException {
    ZipArchiveEntry entry = entries.get(path);
    if (entry == null) {
      throw Faults.damaged("the zip archive lacks " + path);
    }
    if (entry.getMethod() != ZipMethod.STORED.getCode()
        || entry.getGeneralPurposeBit().usesEncryption()) {
      throw new TensorFileException(
          path
              + " is compressed or encrypted in the zip archive, which PyTorch never does. Unpack"
              + " the archive and pack it again with zip -0, or load it in Python and save it"
              + " again.");
    }
    long begin = entry.getDataOffset();
    long size = entry.getSize();
    if (size != entry.getCompressedSize()
        || begin < 0
        || size < 0
        || begin > file.byteSize()
        || size > file.byteSize() - begin) {
      throw Faults.damaged(
          "%s claims %d bytes from byte %d of a file of %d"
              .formatted(path, size, begin, file.byteSize()));
    }
    return file.asSlice(begin, size);
  }
}
