package dev.diptych.autograd;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.random.Philox;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All weights of a model in one flat block, and their gradients in another of the same layout: the
 * optimiser goes over them in one pass. First come the weights that decay, then those that do not.
 * They are made in host memory, and can be {@link #moveTo moved} to a GPU.
 */
public final class Parameters {
  private final List<Parameter> list;
  private final List<Buffer> buffers;
  private final Map<String, Parameter> byName = new HashMap<>();
  private Tensor values; // (P)
  private final int decayed;
  private @Nullable Tensor gradients; // (P)
  private @Nullable TensorScope home; // null: in heap memory of its own

  /** Collects the parameters of a model, layer by layer, before their memory is laid out. */
  public static final class Builder {
    private final List<Parameter> list = new ArrayList<>();
    private final List<Buffer> buffers = new ArrayList<>();

    /** Announces a parameter. */
    public Parameter add(String name, Shape shape, Initialiser initialiser) {
      Parameter parameter = new Parameter(name, shape, initialiser);
      list.add(parameter);
      return parameter;
    }

    /** How many weights have been announced. */
    public long count() {
      long count = 0;
      for (Parameter parameter : list) {
        count += parameter.shape().size();
      }
      return count;
    }

    /** Announces a buffer whose elements are all {@code value} at first. */
    public Buffer addBuffer(String name, Shape shape, float value) {
      Buffer buffer = new Buffer(name, Tensor.of(Floats.zeros(shape.size()), shape));
      buffer.value().floats().fill(value);
      buffers.add(buffer);
      return buffer;
    }

    /** Lays out all parameters, with values drawn by their initialisers from {@code seed}. */
    public Parameters build(long seed) {
      Parameters built = new Parameters(list, buffers);
      for (int i = 0; i < list.size(); i++) {
        Parameter parameter = list.get(i);
        parameter.initialiser().fill(parameter.value().floats(), new Philox(seed, i));
      }
      return built;
    }

    /** Lays out all parameters with zeros, for a model whose weights are read from a file. */
    public Parameters buildZeroed() {
      return new Parameters(list, buffers);
    }
  }

  private Parameters(List<Parameter> announced, List<Buffer> announcedBuffers) {
    list = List.copyOf(announced);
    buffers = List.copyOf(announcedBuffers);
    Set<String> bufferNames = new HashSet<>();
    for (Buffer buffer : buffers) {
      if (!bufferNames.add(buffer.name())) {
        throw new IllegalArgumentException("two buffers are named " + buffer.name());
      }
    }
    long total = 0;
    for (Parameter parameter : list) {
      if (bufferNames.contains(parameter.name())) {
        throw new IllegalArgumentException(
            "a parameter and a buffer are both named " + parameter.name());
      }
      if (byName.put(parameter.name(), parameter) != null) {
        throw new IllegalArgumentException("two parameters are named " + parameter.name());
      }
      total += parameter.shape().size();
    }
    if (total > Integer.MAX_VALUE - 16) {
      throw new IllegalArgumentException(
          "a model of " + total + " parameters does not fit one block of 2147483631");
    }
    values = zeros(Shape.of((int) total));
    decayed = layOut();
  }

  private int layOut() {
    int at = 0;
    int boundary = 0;
    for (boolean decays : new boolean[] {true, false}) {
      for (Parameter parameter : list) {
        if (parameter.decays() == decays) {
          parameter.bind(at, Var.constant(segment(values, at, parameter)));
          at += parameter.shape().size();
        }
      }
      if (decays) {
        boundary = at;
      }
    }
    return boundary;
  }

  /**
   * Moves all weights and buffers into {@code scope}, which must outlive the model's use: how a
   * model comes to a GPU, where ops in its precision then find it.
   *
   * @throws IllegalStateException if the parameters have been made trainable already
   */
  public void moveTo(TensorScope scope) {
    if (gradients != null) {
      throw new IllegalStateException("move a model before requireGradients(), not after");
    }
    Tensor moved = scope.allocateWeights(values.shape());
    moved.copyFrom(values);
    values = moved;
    for (Parameter parameter : list) {
      int from = parameter.offset();
      parameter.bind(from, Var.constant(segment(values, from, parameter)));
    }
    for (Buffer buffer : buffers) {
      buffer.bind(scope.copy(buffer.value()));
    }
    home = scope;
  }

  /** Where the weights are. */
  public Device device() {
    return values.device();
  }

  /** A tensor of zeros beside the weights, f32: gradients and an optimiser's moments. */
  public Tensor zerosBeside(Shape shape) {
    return home == null ? zeros(shape) : home.zerosF32(shape);
  }

  private static Tensor zeros(Shape shape) {
    return Tensor.of(Floats.zeros(shape.size()), shape);
  }

  private static Tensor segment(Tensor flat, int from, Parameter parameter) {
    return flat.narrow(0, from, parameter.shape().size()).reshape(parameter.shape());
  }

  /** All parameters, in the order in which the model announced them. */
  public List<Parameter> list() {
    return Collections.unmodifiableList(list);
  }

  /**
   * All buffers, in the order in which the model announced them: what belongs to the model as its
   * weights do, but is not trained by gradients.
   */
  public List<Buffer> buffers() {
    return buffers;
  }

  /**
   * All that a model knows, by name: its parameters, then its buffers, in the order in which it
   * announced them. What a checkpoint holds and a copy of the model must be given.
   */
  public SequencedMap<String, Tensor> state() {
    SequencedMap<String, Tensor> state = new LinkedHashMap<>();
    for (Parameter parameter : list) {
      state.put(parameter.name(), parameter.value());
    }
    for (Buffer buffer : buffers) {
      state.put(buffer.name(), buffer.value());
    }
    return state;
  }

  /** The parameter of that name, or null. */
  public @Nullable Parameter find(String name) {
    return byName.get(name);
  }

  /** The number of weights. */
  public int size() {
    return values.size();
  }

  /** All values, (P). */
  public Tensor values() {
    return values;
  }

  /** How many weights from the front of {@link #values()} decay; the rest does not. */
  public int decayed() {
    return decayed;
  }

  /**
   * Makes all parameters trainable: allocates their gradients. Until then they are constants, for
   * inference, and take half the memory.
   */
  public void requireGradients() {
    if (gradients != null) {
      return;
    }
    Tensor flat = zerosBeside(values.shape());
    gradients = flat;
    for (Parameter parameter : list) {
      int from = parameter.offset();
      parameter.bind(from, Var.parameter(parameter.value(), segment(flat, from, parameter)));
    }
  }

  /**
   * All gradients, (P), in the layout of {@link #values()}.
   *
   * @throws IllegalStateException before {@link #requireGradients()}
   */
  public Tensor gradients() {
    Tensor flat = gradients;
    if (flat == null) {
      throw new IllegalStateException("call requireGradients() before training");
    }
    return flat;
  }

  /** Sets all gradients to zero, as every step must begin. */
  public void zeroGradients() {
    gradients().fill(0);
  }
}
