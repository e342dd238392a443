package dev.diptych.tensor.io;

import dev.diptych.tensor.io.torch.TorchFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Opens files of tensors whose format nobody has to name. */
public final class TensorFiles {
  private TensorFiles() {}

  /**
   * Opens a file by what it holds, not by what it is called: PyTorch's files are known by their
   * first bytes, the index of a sharded checkpoint is JSON, and everything else must be
   * safetensors.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is of no known format, or damaged
   */
  public static NamedTensors open(Path file) throws IOException {
    if (TorchFile.isTorchFile(file)) {
      return TorchFile.open(file);
    }
    return beginsAsJson(file) ? ShardedTensors.open(file) : Safetensors.open(file);
  }

  /** Safetensors begin with eight bytes of a length, of which the last is zero. */
  private static boolean beginsAsJson(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] head = in.readNBytes(8);
      return head.length == 8 && head[0] == '{' && head[7] != 0;
    }
  }
}
