package dev.diptych.tensor.io.torch;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A file of PyTorch's, mapped into memory: a TorchScript archive (OpenAI's {@code .pt}), or what
 * {@code torch.save} wrote, as a zip archive or, before PyTorch 1.6, without one. It is read
 * without running anything: tensors and plain containers are built, every other thing that a file
 * asks for is refused by its name.
 *
 * <p>What was saved is laid out flat. Of a checkpoint {@code {"epoch": 3, "state_dict":
 * {"module.proj": …}}} the tensor is named {@code state_dict.module.proj}, and {@link #metadata}
 * holds {@code epoch} as {@code 3}: plain values are given as Python prints them. The parameters
 * and buffers of a TorchScript archive are named by their way through the modules, as in a state
 * dict. Nothing is left out and no prefix is taken off.
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/notes/serialization.html">the format</a>
 */
public final class TorchFile implements NamedTensors {
  private static final byte[] ZIP = {'P', 'K', 3, 4};
  private static final int HEAD = 512;
  private static final Set<String> TAR_NAMES = Set.of("sys_info", "pickle", "storages", "tensors");

  private final Path file;
  private final Arena arena;
  private final Map<String, Located> located;
  private final Map<String, String> metadata;

  /** A tensor, and the bytes of its storage. */
  private record Located(Entry entry, StridedTensor tensor, MemorySegment block) {}

  /** Finds the bytes of a storage by its key. */
  @FunctionalInterface
  private interface Blocks {
    MemorySegment find(String key) throws TensorFileException;
  }

  private TorchFile(
      Path file, Arena arena, Map<String, Located> located, Map<String, String> metadata) {
    this.file = file;
    this.arena = arena;
    this.located = located;
    this.metadata = metadata;
  }

  /**
   * Whether the first bytes are those of a file that {@link #open} reads or has advice about: a zip
   * archive, a pickle of PyTorch's, or one of its old tar archives.
   *
   * @throws IOException if the file cannot be read
   */
  public static boolean isTorchFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer head = ByteBuffer.allocate(HEAD);
      while (head.hasRemaining() && channel.read(head) >= 0) {
        // a read may give less than asked for
      }
      MemorySegment bytes = MemorySegment.ofBuffer(head.flip());
      return isZip(bytes) || isLegacy(bytes) || isTar(bytes);
    }
  }

  /**
   * Maps a file, reads its pickle and checks every tensor against the bytes there are.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is damaged, of another format, or asks for anything but
   *     tensors and plain values
   */
  @SuppressWarnings("MustBeClosedChecker") // the arena lives as long as the file: closed by close()
  public static TorchFile open(Path file) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment whole = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return read(file, arena, whole, channel);
    } catch (TensorFileException e) {
      arena.close();
      throw new TensorFileException(file + " is not a usable PyTorch file: " + e.getMessage(), e);
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private static TorchFile read(Path file, Arena arena, MemorySegment whole, FileChannel channel)
      throws TensorFileException {
    if (isZip(whole)) {
      ZipArchive archive = ZipArchive.open(whole, channel);
      Pickled root = new Unpickler(new PickleInput(archive.pickle(), 0)).load();
      return locate(file, arena, NamedValues.of(root), archive::storage);
    }
    if (isTar(whole)) {
      throw new TensorFileException(
          "it is a tar archive as PyTorch before 0.1.10 wrote them. Load it in Python with a"
              + " PyTorch of today and save it again: torch.save(torch.load(\"old.pt\"),"
              + " \"new.pt\").");
    }
    if (whole.byteSize() < 2 || byteAt(whole, 0) != (byte) 0x80) {
      throw Faults.damaged(
          "it begins neither as a zip archive nor as a pickle, as what torch.save writes does");
    }
    LegacyFile legacy = LegacyFile.read(whole);
    return locate(
        file,
        arena,
        NamedValues.of(legacy.root()),
        key -> {
          MemorySegment block = legacy.storages().get(key);
          if (block == null) {
            throw Faults.damaged("it lacks storage '" + key + "'");
          }
          return block;
        });
  }

  private static TorchFile locate(Path file, Arena arena, NamedValues values, Blocks blocks)
      throws TensorFileException {
    Map<String, MemorySegment> found = new HashMap<>();
    Map<String, Located> located = new LinkedHashMap<>();
    for (Map.Entry<String, StridedTensor> named : values.tensors().entrySet()) {
      String name = named.getKey();
      StridedTensor tensor = named.getValue();
      Storage storage = tensor.storage();
      MemorySegment block = found.get(storage.key());
      if (block == null) {
        block = blocks.find(storage.key());
        found.put(storage.key(), block);
      }
      if (block.byteSize() - storage.begin() < storage.bytes()) {
        throw Faults.damaged(
            "storage '%s' of tensor '%s' must have %d bytes, but has %d"
                .formatted(
                    storage.key(), name, storage.begin() + storage.bytes(), block.byteSize()));
      }
      located.put(
          name,
          new Located(
              new Entry(name, tensor.dtype(), tensor.shape()),
              tensor,
              block.asSlice(storage.begin(), storage.bytes())));
    }
    return new TorchFile(file, arena, located, values.plain());
  }

  private static byte byteAt(MemorySegment bytes, long index) {
    return bytes.get(ValueLayout.JAVA_BYTE, index);
  }

  private static boolean isZip(MemorySegment bytes) {
    return bytes.byteSize() >= ZIP.length
        && bytes.asSlice(0, ZIP.length).mismatch(MemorySegment.ofArray(ZIP)) < 0;
  }

  /** The magic number as a pickle, of any protocol. */
  private static boolean isLegacy(MemorySegment bytes) {
    try {
      return byteAt(bytes, 0) == (byte) 0x80
          && LegacyFile.isMagic(new Unpickler(new PickleInput(bytes, 0)).load());
    } catch (TensorFileException | IndexOutOfBoundsException e) {
      return false;
    }
  }

  private static boolean isTar(MemorySegment bytes) {
    if (bytes.byteSize() < HEAD) {
      return false;
    }
    int end = 0;
    while (end < 100 && byteAt(bytes, end) != 0) {
      end++;
    }
    byte[] name = bytes.asSlice(0, end).toArray(ValueLayout.JAVA_BYTE);
    return TAR_NAMES.contains(new String(name, StandardCharsets.ISO_8859_1));
  }

  @Override
  public Path file() {
    return file;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(located.keySet());
  }

  /** Everything in the file that is no tensor, by its name. */
  @Override
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(metadata);
  }

  @Override
  public Entry entry(String name) throws TensorFileException {
    return find(name).entry;
  }

  private Located find(String name) throws TensorFileException {
    Located found = located.get(name);
    if (found == null) {
      throw TensorFileException.missing(this, name);
    }
    return found;
  }

  @Override
  public void readFloats(String name, Floats target) throws TensorFileException {
    Located found = find(name);
    found.entry.requireLength(file, target);
    found.tensor.readFloats(found.block, target);
  }

  /** Ends the mapping; what was read stays valid. */
  @Override
  public void close() {
    arena.close();
  }
}
