package dev.diptych.tensor.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Opens files of tensors whose format nobody has to name. */
public final class TensorFiles {
  /** Bytes of a safetensors header's length, after which its JSON begins. */
  private static final int LENGTH_BYTES = 8;

  private TensorFiles() {}

  /**
   * Opens a file by what it holds, not by what it is called: the index of a sharded checkpoint is
   * JSON, safetensors has JSON from its ninth byte on.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is of no known format, or damaged
   */
  public static NamedTensors open(Path file) throws IOException {
    if (beginning(file).startsWith("{")) {
      return ShardedTensors.open(file);
    }
    return Safetensors.open(file);
  }

  /** The first bytes of a file, a character each. */
  private static String beginning(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(LENGTH_BYTES + 1);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.read(bytes);
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
  }
}
