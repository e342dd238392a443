package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.io.torch.Pickled.Sequence;
import dev.diptych.tensor.io.torch.Pickled.Text;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a pickle refers to a block of bytes outside it: {@code ("storage", type, key, location,
 * elements)}, and in old files a sixth item, {@code (view key, first element, elements)} or {@code
 * None}, for a storage that is a part of another. The location (the GPU it was on) does not matter.
 */
final class PersistentIds {
  private PersistentIds() {}

  /**
   * What {@code id} refers to.
   *
   * @param id the tuple
   * @param known the blocks mentioned so far, to which its own is added
   */
  static Storage storage(Pickled id, Map<String, Storage> known) throws TensorFileException {
    if (!(id instanceof Sequence tuple) || tuple.items().isEmpty()) {
      throw Faults.damaged("the pickle refers to a storage by " + id.what());
    }
    List<Pickled> items = tuple.items();
    if (items.getFirst() instanceof Text text && text.value().equals("module")) {
      throw Faults.unsupported("it holds a whole module with its program");
    }
    if (items.size() < 5
        || items.size() > 6
        || !(items.getFirst() instanceof Text word && word.value().equals("storage"))
        || !(items.get(1) instanceof Pickled.Global type)
        || !(items.get(2) instanceof Text key)) {
      throw Faults.damaged("the pickle refers to a storage in an unknown way");
    }
    DType dtype = dtype(type.name());
    long width = dtype == null ? 1 : dtype.bytes();
    Storage whole = new Storage(key.value(), dtype, 0, bytes(items.get(4), width));
    Storage before = known.putIfAbsent(key.value(), whole);
    if (before != null && !before.equals(whole)) {
      throw Faults.damaged(
          "the pickle describes storage '%s' as %s and as %s"
              .formatted(key.value(), describe(before), describe(whole)));
    }
    return items.size() == 6 ? part(whole, width, items.get(5)) : whole;
  }

  private static Storage part(Storage whole, long width, Pickled view) throws TensorFileException {
    if (view == Pickled.None.NONE) {
      return whole;
    }
    if (!(view instanceof Sequence tuple) || tuple.items().size() != 3) {
      throw Faults.damaged("storage '" + whole.key() + "' is a part in an unknown way");
    }
    long begin = bytes(tuple.items().get(1), width);
    long bytes = bytes(tuple.items().get(2), width);
    if (begin > whole.bytes() || bytes > whole.bytes() - begin) {
      throw Faults.damaged(
          "a part of storage '%s' claims the bytes %d to %d of %d"
              .formatted(whole.key(), begin, begin + bytes, whole.bytes()));
    }
    return new Storage(whole.key(), whole.dtype(), begin, bytes);
  }

  private static long bytes(Pickled elements, long width) throws TensorFileException {
    long count = Globals.integer(elements);
    if (count < 0 || count > Long.MAX_VALUE / 2 / width) {
      throw Faults.damaged("a storage claims to have " + count + " elements");
    }
    return count * width;
  }

  private static String describe(Storage storage) {
    return storage.bytes()
        + " bytes of "
        + (storage.dtype() == null ? "any type" : storage.dtype());
  }

  private static @Nullable DType dtype(String name) throws TensorFileException {
    return switch (name) {
      case "torch.FloatStorage", "torch.cuda.FloatStorage" -> DType.F32;
      case "torch.HalfStorage", "torch.cuda.HalfStorage" -> DType.F16;
      case "torch.BFloat16Storage", "torch.cuda.BFloat16Storage" -> DType.BF16;
      case "torch.DoubleStorage", "torch.cuda.DoubleStorage" -> DType.F64;
      case "torch.LongStorage", "torch.cuda.LongStorage" -> DType.I64;
      case "torch.IntStorage", "torch.cuda.IntStorage" -> DType.I32;
      case "torch.ShortStorage", "torch.cuda.ShortStorage" -> DType.I16;
      case "torch.CharStorage", "torch.cuda.CharStorage" -> DType.I8;
      case "torch.ByteStorage", "torch.cuda.ByteStorage" -> DType.U8;
      case "torch.BoolStorage", "torch.cuda.BoolStorage" -> DType.BOOL;
      case "torch.storage.UntypedStorage", "torch.UntypedStorage" -> null;
      default -> throw Faults.unsupported("it holds a " + name + ", of which the type is not read");
    };
  }
}
