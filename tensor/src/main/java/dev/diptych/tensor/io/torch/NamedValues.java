package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A nested value laid out flat: what is under {@code k} in a dictionary under {@code state_dict} is
 * named {@code state_dict.k}; items of lists are numbered from 0. Nothing is left out, and two
 * things of one name are refused. Plain values are written as Python prints them.
 */
final class NamedValues {
  private static final int MAX_DEPTH = 100;

  /**
   * Characters in all names: values may occur under many names, in containers that may even contain
   * themselves, so that a short pickle can unfold without end.
   */
  private static final long MAX_NAMES = 1 << 24;

  private final Map<String, StridedTensor> tensors = new LinkedHashMap<>();
  private final Map<String, String> plain = new LinkedHashMap<>();
  private long left = MAX_NAMES;

  private NamedValues() {}

  /**
   * Lays {@code root} out.
   *
   * @throws TensorFileException if two things have one name, or if it does not end
   */
  static NamedValues of(Pickled root) throws TensorFileException {
    NamedValues values = new NamedValues();
    values.visit("", root, 0);
    return values;
  }

  /** The tensors by their names. */
  Map<String, StridedTensor> tensors() {
    return tensors;
  }

  /** Everything else by its name. */
  Map<String, String> plain() {
    return plain;
  }

  private void visit(String name, Pickled value, int depth) throws TensorFileException {
    left -= name.length() + 16;
    if (depth > MAX_DEPTH || left < 0) {
      throw Faults.damaged(
          "its containers are nested without end, near '%s'"
              .formatted(name.substring(0, Math.min(name.length(), 80))));
    }
    switch (value) {
      case Pickled.Mapping mapping -> {
        visit(name, mapping.items(), depth);
        visit(name, mapping.attributes(), depth);
      }
      case Pickled.Sequence sequence -> {
        for (int i = 0; i < sequence.items().size(); i++) {
          visit(join(name, Integer.toString(i), depth), sequence.items().get(i), depth + 1);
        }
      }
      case Pickled.Tensor tensor -> {
        if (tensors.putIfAbsent(name, tensor.tensor()) != null) {
          throw Faults.damaged("it has two tensors of the name '" + name + "'");
        }
      }
      case Pickled.Bytes bytes -> {
        left -= bytes.value().length;
        addPlain(name, HexFormat.of().formatHex(bytes.value()));
      }
      case Pickled.Text _, Pickled.Whole _, Pickled.Real _, Pickled.Truth _, Pickled.None _ ->
          addPlain(name, print(value));
      case Pickled.Global _, Pickled.NumpyType _, Pickled.StoragePart _ ->
          addPlain(name, value.what());
    }
  }

  private void visit(String name, List<Pickled.Item> items, int depth) throws TensorFileException {
    for (Pickled.Item item : items) {
      visit(join(name, print(item.key()), depth), item.value(), depth + 1);
    }
  }

  private void addPlain(String name, String value) throws TensorFileException {
    if (plain.putIfAbsent(name, value) != null) {
      throw Faults.damaged("it has two values of the name '" + name + "'");
    }
  }

  private static String join(String name, String key, int depth) {
    return depth == 0 ? key : name + "." + key;
  }

  private static String print(Pickled value) throws TensorFileException {
    return switch (value) {
      case Pickled.Text text -> text.value();
      case Pickled.Whole whole -> whole.value().toString();
      case Pickled.Real real -> Double.toString(real.value());
      case Pickled.Truth truth -> truth.value() ? "True" : "False";
      case Pickled.None _ -> "None";
      case Pickled.Bytes _,
          Pickled.Sequence _,
          Pickled.Mapping _,
          Pickled.Global _,
          Pickled.NumpyType _,
          Pickled.StoragePart _,
          Pickled.Tensor _ ->
          throw Faults.unsupported("a key of a dictionary is " + value.what());
    };
  }
}
