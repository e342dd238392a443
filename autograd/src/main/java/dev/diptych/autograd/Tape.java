package dev.diptych.autograd;

import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The record of a computation, in the order in which it was done, and its way back.
 *
 * <p><b>Protocol.</b> A function computes its output y in {@link #scope()} and calls {@link
 * #record} with y, its inputs and a closure. {@link #backward} goes through the entries from the
 * last to the first and calls each closure with dL/dy; the closure adds to the gradients of those
 * inputs that {@link Var#needsGradient() need} one.
 *
 * <p><b>Memory.</b> When an entry's closure has run, everything computed after it has been
 * differentiated too, so nobody needs its output any more, nor the output's gradient, nor what it
 * saved: all three go back to the scope at once, and the gradients of the early layers use the
 * memory of the late ones. Values to look at afterwards must be {@link #keep kept}.
 *
 * <p>A tape that does not record computes the same values and keeps nothing; then {@link #discard}
 * frees what a layer is done with.
 */
public final class Tape {
  private final TensorScope scope;
  private final boolean recording;
  private final boolean training;
  private final List<Entry> entries = new ArrayList<>();
  private final Set<Var> kept = Collections.newSetFromMap(new IdentityHashMap<>());

  /** The way back through one function: adds to the gradients of its inputs. */
  @FunctionalInterface
  public interface Backward {
    /**
     * Adds to the gradients of the inputs.
     *
     * @param dy gradient of the loss with respect to the output; it may be handed on to one input
     *     as its gradient, but not to two
     */
    void run(Tensor dy);
  }

  private record Entry(Var output, Var[] inputs, Backward backward, Tensor[] saved) {}

  private Tape(TensorScope scope, boolean recording, boolean training) {
    this.scope = scope;
    this.recording = recording;
    this.training = training;
  }

  /**
   * A tape for a step of training: it records, and layers that behave differently while a model
   * learns do so. Batch normalisation normalises by the batch and moves its running statistics.
   */
  public static Tape training(TensorScope scope) {
    return new Tape(scope, true, true);
  }

  /**
   * A tape that records, with values and gradients in {@code scope}. Layers behave as in use, not
   * as in training: for gradients of a finished model.
   */
  public static Tape recording(TensorScope scope) {
    return new Tape(scope, true, false);
  }

  /** A tape that only computes, for inference. */
  public static Tape inference(TensorScope scope) {
    return new Tape(scope, false, false);
  }

  /** Where values and gradients are allocated. */
  public TensorScope scope() {
    return scope;
  }

  /** Whether the model is learning, see {@link #training}. */
  public boolean isTraining() {
    return training;
  }

  /** Whether a way back is recorded. */
  public boolean isRecording() {
    return recording;
  }

  /**
   * Records that {@code output} was computed from {@code inputs}.
   *
   * @param output allocated in {@link #scope()}, or a view of an input
   * @param inputs what gradients may flow to
   * @param backward the way back
   * @param saved tensors of {@link #scope()} that only {@code backward} uses
   * @return the output as a value of the computation
   */
  public Var record(Tensor output, Var[] inputs, Backward backward, Tensor... saved) {
    boolean needsGradient = false;
    for (Var input : inputs) {
      needsGradient |= input.needsGradient();
    }
    if (!recording || !needsGradient) {
      for (Tensor tensor : saved) {
        scope.release(tensor);
      }
      return Var.constant(output);
    }
    Var result = Var.variable(output);
    entries.add(new Entry(result, inputs, backward, saved));
    return result;
  }

  /** Keeps the value of {@code var} readable after {@link #backward}, until the scope ends. */
  public Var keep(Var var) {
    kept.add(var);
    return var;
  }

  /** On a tape that does not record, frees a value of its scope that nobody needs any more. */
  public void discard(Var var) {
    if (!recording) {
      scope.release(var.value());
    }
  }

  /**
   * Computes the gradients of {@code loss} with respect to everything it was computed from, and
   * empties the tape.
   *
   * @param loss a single number that this tape recorded; its value is kept
   * @throws IllegalStateException if the tape does not record
   * @throws ShapeException if {@code loss} is not a single number
   */
  public void backward(Var loss) {
    if (loss.value().size() != 1) {
      throw new ShapeException(
          "backward: the loss must be one number, got the shape " + loss.value().shape());
    }
    Tensor one = scope.allocateLike(loss.value(), loss.value().shape());
    one.fill(1);
    backward(loss, one);
  }

  /**
   * Continues a way back that began elsewhere: computes the gradients of Σ y·dy.
   *
   * @param y a value that this tape recorded; it is kept
   * @param dy the gradient of the loss with respect to it, in {@link #scope()}; consumed
   */
  public void backward(Var y, Tensor dy) {
    if (!recording) {
      throw new IllegalStateException(
          "backward: this tape does not record; use Tape.training or Tape.recording");
    }
    if (!y.value().shape().equals(dy.shape())) {
      throw new ShapeException(
          "backward: dy must be " + y.value().shape() + " like y, got " + dy.shape());
    }
    kept.add(y);
    y.addGradient(dy);
    for (int i = entries.size() - 1; i >= 0; i--) {
      Entry entry = entries.set(i, null);
      Tensor gradient = entry.output.gradient();
      if (gradient != null) {
        entry.backward.run(gradient);
      }
      free(entry, gradient);
    }
    entries.clear();
    kept.clear();
  }

  private void free(Entry entry, @Nullable Tensor gradient) {
    for (Tensor tensor : entry.saved) {
      scope.release(tensor);
    }
    if (gradient != null && !isHandedOn(entry, gradient)) {
      scope.release(gradient);
    }
    entry.output.forgetGradient();
    if (!kept.contains(entry.output) && !isView(entry)) {
      scope.release(entry.output.value());
    }
  }

  private static boolean isHandedOn(Entry entry, Tensor gradient) {
    for (Var input : entry.inputs) {
      Tensor received = input.gradient();
      if (received != null && received.storage() == gradient.storage()) {
        return true;
      }
    }
    return false;
  }

  private static boolean isView(Entry entry) {
    for (Var input : entry.inputs) {
      if (input.value().storage() == entry.output.value().storage()) {
        return true;
      }
    }
    return false;
  }

  /** A value of one number that no gradient flows to. */
  public Var scalar(float value) {
    Tensor tensor = scope.allocateF32(Shape.scalar());
    tensor.fill(value);
    return Var.constant(tensor);
  }
}
