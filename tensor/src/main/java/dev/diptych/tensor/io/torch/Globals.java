package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.io.TensorFileException;
import dev.diptych.tensor.io.torch.Pickled.Mapping;
import dev.diptych.tensor.io.torch.Pickled.Sequence;
import dev.diptych.tensor.io.torch.Pickled.Sequence.Kind;
import dev.diptych.tensor.io.torch.Pickled.Text;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The functions and classes that a pickle may name, and what is made in place of a call: tensors
 * and plain values. Every other name is refused where it stands, called or not.
 */
final class Globals {
  private static final Set<String> FUNCTIONS =
      Set.of(
          "collections.OrderedDict",
          "torch._utils._rebuild_tensor",
          "torch._utils._rebuild_tensor_v2",
          "torch._utils._rebuild_tensor_v3",
          "torch._utils._rebuild_parameter",
          "torch.Size",
          "torch.device",
          "torch.jit._pickle.build_intlist",
          "torch.jit._pickle.build_doublelist",
          "torch.jit._pickle.build_boollist",
          "torch.jit._pickle.build_tensorlist",
          "torch.jit._pickle.restore_type_tag",
          "_codecs.encode",
          "builtins.bytes",
          "__builtin__.bytes",
          "builtins.set",
          "__builtin__.set",
          "builtins.frozenset",
          "__builtin__.frozenset",
          "numpy.dtype",
          "numpy.core.multiarray.scalar",
          "numpy._core.multiarray.scalar");

  /** Modules whose functions nobody needs for weights, but whoever wants to run a program does. */
  private static final Set<String> PROGRAMS =
      Set.of(
          "os",
          "posix",
          "nt",
          "sys",
          "subprocess",
          "builtins",
          "__builtin__",
          "commands",
          "runpy",
          "shutil",
          "socket",
          "pty",
          "importlib",
          "code",
          "webbrowser",
          "ctypes",
          "pickle",
          "operator",
          "functools",
          "asyncio",
          "multiprocessing",
          "threading",
          "platform",
          "pdb",
          "timeit",
          "urllib",
          "http",
          "types",
          "marshal",
          "pip");

  private Globals() {}

  /**
   * The function or class of that name.
   *
   * @param name {@code module.name}
   * @throws TensorFileException if it is not permitted; the message says which it is
   */
  static Pickled permit(String name) throws TensorFileException {
    if (FUNCTIONS.contains(name)
        || name.startsWith("__torch__.")
        || (name.endsWith("Storage") && isOfTorch(name))) {
      return new Pickled.Global(name);
    }
    if (name.startsWith("torch.") && dtype(name) != null) {
      return new Text(name);
    }
    if (PROGRAMS.contains(name.substring(0, Math.max(0, name.indexOf('.'))))) {
      throw new TensorFileException(
          "it asks for "
              + name
              + ": this file would run a program when loaded by Python; it was not read. Do not"
              + " load it anywhere, and get the weights from a source that you trust.");
    }
    throw Faults.unsupported(
        "it asks for "
            + name
            + ", which makes neither a tensor nor a plain value: to load it means to run whatever"
            + " program has that name, so it was not read");
  }

  private static boolean isOfTorch(String name) {
    String module = name.substring(0, name.lastIndexOf('.'));
    return module.equals("torch") || module.equals("torch.storage") || module.equals("torch.cuda");
  }

  /**
   * What a call makes.
   *
   * @param function what is called
   * @param arguments a tuple
   * @throws TensorFileException if the arguments do not fit
   */
  static Pickled call(Pickled.Global function, Pickled arguments) throws TensorFileException {
    if (!(arguments instanceof Sequence sequence) || sequence.kind() != Kind.TUPLE) {
      throw Faults.damaged("the pickle calls " + function.name() + " with " + arguments.what());
    }
    List<Pickled> given = sequence.items();
    return switch (function.name()) {
      case "collections.OrderedDict" -> orderedDict(given);
      case "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2" ->
          new Pickled.Tensor(tensor(function, given, null));
      case "torch._utils._rebuild_tensor_v3" ->
          new Pickled.Tensor(tensor(function, given, dtype(text(argument(function, given, 6)))));
      case "torch._utils._rebuild_parameter" -> {
        if (argument(function, given, 0) instanceof Pickled.Tensor tensor) {
          yield tensor;
        }
        throw unfit(function, given);
      }
      case "torch.device" -> device(function, given);
      case "torch.Size",
          "torch.jit._pickle.build_intlist",
          "torch.jit._pickle.build_doublelist",
          "torch.jit._pickle.build_boollist",
          "torch.jit._pickle.build_tensorlist" ->
          sequence(function, given);
      case "torch.jit._pickle.restore_type_tag" -> argument(function, given, 0);
      case "builtins.set", "__builtin__.set", "builtins.frozenset", "__builtin__.frozenset" ->
          new Sequence(
              Kind.SET,
              new ArrayList<>(given.isEmpty() ? given : sequence(function, given).items()));
      // How protocol 2 writes bytes: as a string of the first 256 characters.
      case "_codecs.encode" ->
          new Pickled.Bytes(
              text(argument(function, given, 0)).getBytes(StandardCharsets.ISO_8859_1));
      case "builtins.bytes", "__builtin__.bytes" -> {
        if (given.isEmpty()) {
          yield new Pickled.Bytes(new byte[0]);
        }
        throw unfit(function, given);
      }
      case "numpy.dtype" -> new Pickled.NumpyType(text(argument(function, given, 0)));
      case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar" -> {
        if (given.size() == 2
            && given.get(0) instanceof Pickled.NumpyType type
            && given.get(1) instanceof Pickled.Bytes bytes) {
          yield NumpyScalars.scalar(type.code(), bytes.value());
        }
        throw unfit(function, given);
      }
      default -> throw unfit(function, given);
    };
  }

  /** A new object of a class of a TorchScript archive: attributes without behaviour. */
  static Pickled instantiate(Pickled.Global type, Pickled arguments) throws TensorFileException {
    if (!type.name().startsWith("__torch__.")
        || !(arguments instanceof Sequence sequence)
        || !sequence.items().isEmpty()) {
      throw Faults.damaged("the pickle makes a new " + type.name() + " of " + arguments.what());
    }
    return Mapping.object();
  }

  private static Pickled orderedDict(List<Pickled> given) throws TensorFileException {
    Mapping made = Mapping.dictionary();
    if (!given.isEmpty()) { // as Python 2 wrote them: a list of pairs
      if (!(given.getFirst() instanceof Sequence pairs)) {
        throw Faults.damaged("an OrderedDict is made of " + given.getFirst().what());
      }
      for (Pickled pair : pairs.items()) {
        if (!(pair instanceof Sequence both) || both.items().size() != 2) {
          throw Faults.damaged("an OrderedDict is made of what are no pairs");
        }
        made.items().add(new Pickled.Item(both.items().get(0), both.items().get(1)));
      }
    }
    return made;
  }

  /** {@code (storage, first element, sizes, strides, …)}. */
  private static StridedTensor tensor(
      Pickled.Global function, List<Pickled> given, @Nullable DType dtype)
      throws TensorFileException {
    if (!(argument(function, given, 0) instanceof Pickled.StoragePart storage)
        || !(argument(function, given, 2) instanceof Sequence sizes)
        || !(argument(function, given, 3) instanceof Sequence strides)) {
      throw unfit(function, given);
    }
    return StridedTensor.of(
        storage.storage(), dtype, integer(given.get(1)), integers(sizes), integers(strides));
  }

  private static long[] integers(Sequence sequence) throws TensorFileException {
    List<Pickled> items = sequence.items();
    if (items.size() > StridedTensor.MAX_RANK) {
      throw Faults.damaged("a tensor claims to have " + items.size() + " axes");
    }
    long[] values = new long[items.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = integer(items.get(i));
    }
    return values;
  }

  /** The value of an integer that fits a long. */
  static long integer(Pickled value) throws TensorFileException {
    if (value instanceof Pickled.Whole whole && whole.value().bitLength() < Long.SIZE) {
      return whole.value().longValue();
    }
    throw Faults.damaged(
        "the pickle has %s where a size or an offset must stand"
            .formatted(value instanceof Pickled.Whole(BigInteger big) ? big : value.what()));
  }

  private static Text device(Pickled.Global function, List<Pickled> given)
      throws TensorFileException {
    String kind = text(argument(function, given, 0));
    return new Text(given.size() > 1 ? kind + ":" + integer(given.get(1)) : kind);
  }

  private static Sequence sequence(Pickled.Global function, List<Pickled> given)
      throws TensorFileException {
    if (argument(function, given, 0) instanceof Sequence sequence) {
      return sequence;
    }
    throw unfit(function, given);
  }

  private static Pickled argument(Pickled.Global function, List<Pickled> given, int index)
      throws TensorFileException {
    if (index >= given.size()) {
      throw unfit(function, given);
    }
    return given.get(index);
  }

  /** The value of a string. */
  static String text(Pickled value) throws TensorFileException {
    if (value instanceof Text text) {
      return text.value();
    }
    throw Faults.damaged("the pickle has " + value.what() + " where a string must stand");
  }

  private static TensorFileException unfit(Pickled.Global function, List<Pickled> given) {
    return Faults.damaged(
        "the pickle calls %s with %d arguments that do not fit it"
            .formatted(function.name(), given.size()));
  }

  private static @Nullable DType dtype(String name) {
    return switch (name) {
      case "torch.float32", "torch.float" -> DType.F32;
      case "torch.float16", "torch.half" -> DType.F16;
      case "torch.bfloat16" -> DType.BF16;
      case "torch.float64", "torch.double" -> DType.F64;
      case "torch.int64", "torch.long" -> DType.I64;
      case "torch.int32", "torch.int" -> DType.I32;
      case "torch.int16", "torch.short" -> DType.I16;
      case "torch.int8" -> DType.I8;
      case "torch.uint8" -> DType.U8;
      case "torch.uint16" -> DType.U16;
      case "torch.uint32" -> DType.U32;
      case "torch.uint64" -> DType.U64;
      case "torch.bool" -> DType.BOOL;
      default -> null;
    };
  }
}
