package dev.diptych.tensor.io;

import static java.util.Objects.requireNonNull;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.io.torch.TorchFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Readers of files that may hold anything: whatever the bytes are, they are read or refused with a
 * {@link TensorFileException}. Whoever calls these watches for everything else that may happen.
 */
public final class FuzzTargets {
  /** Tensors over this size are not read: that memory is the caller's to give, or to refuse. */
  private static final int READ = 1 << 16;

  private FuzzTargets() {}

  /** Opens a file of either format. */
  @FunctionalInterface
  private interface Opener {
    NamedTensors open(Path file) throws IOException;
  }

  /** Whether {@link TorchFile} reads {@code bytes}, put into {@code file}. */
  public static boolean torch(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    TorchFile.isTorchFile(file);
    return read(file, TorchFile::open);
  }

  /** Whether {@link Safetensors} reads {@code bytes}, put into {@code file}. */
  public static boolean safetensors(Path file, byte[] bytes) throws IOException {
    Files.write(file, bytes);
    return read(file, Safetensors::open);
  }

  private static boolean read(Path file, Opener opener) throws IOException {
    try (NamedTensors tensors = opener.open(file)) {
      int left = READ;
      for (String name : tensors.names()) {
        int size = tensors.entry(name).shape().size();
        if (size <= left) {
          tensors.readFloats(name, Floats.zeros(size));
          left -= size;
        }
      }
      tensors.metadata().forEach((key, value) -> requireNonNull(value, key));
      return true;
    } catch (TensorFileException e) {
      if (e.getMessage() == null || !e.getMessage().contains(file.toString())) {
        throw new AssertionError("a message without the file's name", e);
      }
      return false;
    }
  }
}
