package dev.diptych.tensor.io.torch;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A value that a pickle built: plain values, containers of them, tensors and what tensors are made
 * of. No value has an identity or behaviour beyond what is here, and none compares by content, so
 * that containers which contain themselves do no harm.
 */
sealed interface Pickled {
  /** Python's {@code None}. */
  enum None implements Pickled {
    /** The only one. */
    NONE
  }

  /** A string, or what is best shown as one, such as a device or the name of an element type. */
  record Text(String value) implements Pickled {}

  /** An integer of any size. */
  record Whole(BigInteger value) implements Pickled {
    static Whole of(long value) {
      return new Whole(BigInteger.valueOf(value));
    }
  }

  /** A float. */
  record Real(double value) implements Pickled {}

  /** A truth value. */
  record Truth(boolean value) implements Pickled {}

  /** A byte string. */
  record Bytes(byte[] value) implements Pickled {}

  /**
   * A list, tuple or set.
   *
   * @param kind which
   * @param items what it holds, in order
   */
  record Sequence(Kind kind, List<Pickled> items) implements Pickled {
    /** What Python calls it. */
    enum Kind {
      LIST,
      TUPLE,
      SET
    }
  }

  /**
   * A dictionary, or a module of a TorchScript archive, whose items are its attributes.
   *
   * @param isObject whether it is such a module
   * @param items keys with values, in the order in which they were added
   * @param attributes what was set on a dictionary itself, such as a state dict's {@code _metadata}
   */
  record Mapping(boolean isObject, List<Item> items, List<Item> attributes) implements Pickled {
    static Mapping dictionary() {
      return new Mapping(false, new ArrayList<>(), new ArrayList<>());
    }

    static Mapping object() {
      return new Mapping(true, new ArrayList<>(), new ArrayList<>());
    }

    /** The value under a string, or {@code null}; the last if there are several, as in Python. */
    @Nullable Pickled get(String key) {
      for (Item item : items.reversed()) {
        if (item.key instanceof Text text && text.value.equals(key)) {
          return item.value;
        }
      }
      return null;
    }
  }

  /** A key with its value. */
  record Item(Pickled key, Pickled value) {}

  /** A permitted function or class that the pickle named, {@code module.name}. */
  record Global(String name) implements Pickled {}

  /**
   * An element type of NumPy.
   *
   * @param code such as {@code f8}
   */
  record NumpyType(String code) implements Pickled {}

  /** A block of elements, or a part of one. */
  record StoragePart(Storage storage) implements Pickled {}

  /** A tensor. */
  record Tensor(StridedTensor tensor) implements Pickled {}

  /** How much was copied to make it of others. */
  default long copied() {
    return switch (this) {
      case Bytes bytes -> bytes.value.length;
      case Mapping mapping -> mapping.items.size();
      case Sequence sequence -> sequence.items.size();
      case None _, Text _, Whole _, Real _, Truth _, Global _, NumpyType _ -> 0;
      case StoragePart _, Tensor _ -> 0;
    };
  }

  /** What Python calls this kind of value, for messages. */
  default String what() {
    return switch (this) {
      case None _ -> "None";
      case Text _ -> "a string";
      case Whole _ -> "an integer";
      case Real _ -> "a float";
      case Truth _ -> "a bool";
      case Bytes _ -> "bytes";
      case Sequence sequence -> "a " + sequence.kind.name().toLowerCase(Locale.ROOT);
      case Mapping mapping -> mapping.isObject ? "an object" : "a dict";
      case Global global -> global.name;
      case NumpyType _ -> "an element type";
      case StoragePart _ -> "a storage";
      case Tensor _ -> "a tensor";
    };
  }
}
