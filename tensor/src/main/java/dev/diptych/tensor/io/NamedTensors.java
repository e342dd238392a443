package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * Tensors under names, as checkpoints hold them, whatever the format of the file: what they are is
 * known at once, their elements are read one tensor at a time.
 */
public interface NamedTensors extends AutoCloseable {
  /**
   * What a tensor is.
   *
   * @param name the key
   * @param dtype the element type in the file
   * @param shape the lengths of the axes
   */
  record Entry(String name, DType dtype, Shape shape) {
    /**
     * Checks that {@code target} has as many elements as the tensor.
     *
     * @throws TensorFileException if not; the message begins with {@code file}
     */
    public void requireLength(Path file, Floats target) throws TensorFileException {
      if (shape.size() != target.length()) {
        throw new TensorFileException(
            "%s: tensor '%s' has the shape %s with %d elements, expected %d elements"
                .formatted(file, name, shape, shape.size(), target.length()));
      }
    }
  }

  /** Where they are, for messages: a file, or the file that lists several. */
  Path file();

  /** The names of all tensors, in the order of the file. */
  Set<String> names();

  /** Whether there is a tensor of that name. */
  default boolean contains(String name) {
    return names().contains(name);
  }

  /** Free-form strings that the file says about itself; often none. */
  Map<String, String> metadata();

  /**
   * What the tensor of that name is.
   *
   * @throws TensorFileException if there is none; the message lists those there are
   */
  Entry entry(String name) throws TensorFileException;

  /**
   * Reads a tensor of numbers of any type as f32 into {@code target}, row by row.
   *
   * @throws TensorFileException if there is no such tensor or it has another number of elements
   * @throws IOException if the file cannot be read
   */
  void readFloats(String name, Floats target) throws IOException;

  /**
   * Reads a tensor of numbers of any type into the contiguous {@code target}, on whichever device.
   *
   * @throws TensorFileException if there is no such tensor or it has another number of elements
   * @throws IOException if the file cannot be read
   */
  default void read(String name, Tensor target) throws IOException {
    switch (target.device()) {
      case Device.Cpu cpu -> readFloats(name, target.floats());
      case Device.Cuda cuda -> {
        Floats read = Floats.zeros(target.size());
        readFloats(name, read);
        target.copyFrom(read);
      }
    }
  }

  /** Ends the access to the file; what was read stays valid. */
  @Override
  void close() throws IOException;
}
