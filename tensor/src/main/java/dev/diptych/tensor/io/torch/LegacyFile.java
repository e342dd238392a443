package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.io.torch.Pickled.Mapping;
import dev.diptych.tensor.io.torch.Pickled.Sequence;
import dev.diptych.tensor.io.torch.Pickled.Text;
import dev.diptych.tensor.io.torch.Pickled.Truth;
import dev.diptych.tensor.io.torch.Pickled.Whole;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * The files of {@code torch.save} before PyTorch 1.6: five pickles one after another (a magic
 * number, the version, the machine, the object, the keys of its storages), then, in the order of
 * these keys, each storage: the number of its elements in 8 bytes, and the elements.
 *
 * @param root what was saved
 * @param storages the bytes of each storage by its key
 */
record LegacyFile(Pickled root, Map<String, MemorySegment> storages) {
  private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
  private static final BigInteger VERSION = BigInteger.valueOf(1001);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * Reads the pickles and finds the storages.
   *
   * @param file all of the file
   * @throws TensorFileException if it is damaged, or another pickle
   */
  static LegacyFile read(MemorySegment file) throws TensorFileException {
    PickleInput in = new PickleInput(file, 0);
    if (!isMagic(new Unpickler(in).load())) {
      throw Faults.unsupported("it is a pickle, but not one that torch.save wrote");
    }
    if (!isWhole(new Unpickler(in).load(), VERSION)) {
      throw Faults.unsupported("it has another version than " + VERSION);
    }
    if (!(new Unpickler(in).load() instanceof Mapping machine)
        || !(machine.get("little_endian") instanceof Truth little)) {
      throw Faults.damaged("it does not say on what kind of machine it was written");
    }
    if (!little.value()) {
      throw Faults.unsupported("it was written on a big-endian machine");
    }
    Unpickler unpickler = new Unpickler(in);
    Pickled root = unpickler.load();
    if (!(new Unpickler(in).load() instanceof Sequence keys)) {
      throw Faults.damaged("it does not list its storages");
    }
    Map<String, MemorySegment> storages = new HashMap<>();
    long at = in.position();
    for (Pickled key : keys.items()) {
      if (!(key instanceof Text text) || unpickler.storages().get(text.value()) == null) {
        throw Faults.damaged("it lists a storage that no tensor uses");
      }
      Storage storage = unpickler.storages().get(text.value());
      at = locate(file, storage, at, storages);
    }
    return new LegacyFile(root, storages);
  }

  /** Where the next storage begins. */
  private static long locate(
      MemorySegment file, Storage storage, long at, Map<String, MemorySegment> storages)
      throws TensorFileException {
    long left = file.byteSize() - at - Long.BYTES;
    long width = storage.dtype() == null ? 1 : storage.dtype().bytes();
    if (left < storage.bytes() || file.get(LONG, at) != storage.bytes() / width) {
      throw Faults.damaged(
          "storage '%s' at byte %d must have %d bytes after their number, the file has %d left"
              .formatted(storage.key(), at, storage.bytes(), Math.max(0, left)));
    }
    if (storages.putIfAbsent(storage.key(), file.asSlice(at + Long.BYTES, storage.bytes()))
        != null) {
      throw Faults.damaged("it lists storage '" + storage.key() + "' twice");
    }
    return at + Long.BYTES + storage.bytes();
  }

  /** Whether {@code first} is what the first pickle of such a file holds. */
  static boolean isMagic(Pickled first) {
    return isWhole(first, MAGIC);
  }

  private static boolean isWhole(Pickled value, BigInteger expected) {
    return value instanceof Whole whole && whole.value().equals(expected);
  }
}
