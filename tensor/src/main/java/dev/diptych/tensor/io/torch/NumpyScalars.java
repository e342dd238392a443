package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.io.Elements;
import dev.diptych.tensor.io.TensorFileException;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Single numbers of NumPy's types, such as a best accuracy that a training loop kept. */
final class NumpyScalars {
  private NumpyScalars() {}

  /** The number of the type {@code code} in {@code bytes}. */
  static Pickled scalar(String code, byte[] bytes) throws TensorFileException {
    DType dtype =
        switch (code) {
          case "f8" -> DType.F64;
          case "f4" -> DType.F32;
          case "f2" -> DType.F16;
          case "i8" -> DType.I64;
          case "i4" -> DType.I32;
          case "i2" -> DType.I16;
          case "i1" -> DType.I8;
          case "u4" -> DType.U32;
          case "u2" -> DType.U16;
          case "u1" -> DType.U8;
          case "b1" -> DType.BOOL;
          default ->
              throw Faults.unsupported(
                  "it holds a number of NumPy's type " + code + ", not read here");
        };
    if (bytes.length != dtype.bytes()) {
      throw Faults.damaged(
          "a number of NumPy's type %s has %d bytes".formatted(code, bytes.length));
    }
    MemorySegment memory = MemorySegment.ofArray(bytes);
    return switch (dtype) {
      case BOOL -> new Pickled.Truth(bytes[0] != 0);
      case F16, BF16, F32, F64 -> new Pickled.Real(Elements.doubleAt(memory, dtype, 0));
      case U8, I8, I16, U16, I32, U32, I64, U64 ->
          Pickled.Whole.of(Elements.integerAt(memory, dtype, 0));
    };
  }

  /** Checks that the state of an element type, {@code (version, byte order, …)}, is the usual. */
  static void checkState(Pickled state) throws TensorFileException {
    if (state instanceof Pickled.Sequence sequence) {
      List<Pickled> items = sequence.items();
      if (items.size() > 1
          && items.get(1) instanceof Pickled.Text order
          && (order.value().equals("<") || order.value().equals("|"))) {
        return;
      }
    }
    throw Faults.unsupported("it holds numbers of NumPy that are not little-endian");
  }
}
