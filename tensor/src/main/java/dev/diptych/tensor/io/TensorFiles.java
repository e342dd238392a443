package dev.diptych.tensor.io;

import dev.diptych.tensor.io.torch.TorchFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;

/** Opens files of tensors whose format nobody has to name. */
public final class TensorFiles {
  /** Safetensors begin with the length of their header in eight bytes, the least first. */
  private static final int LENGTH = 8;

  private static final int HEAD = 64;

  /** With this instruction pickles begin since protocol 2. */
  private static final byte PICKLE = (byte) 0x80;

  private TensorFiles() {}

  /**
   * Opens a file by what it holds, not by what it is called: PyTorch's files are known by their
   * first bytes, safetensors by a header length that a file can have, and the index of a sharded
   * checkpoint is JSON.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is of no known format, or damaged
   */
  public static NamedTensors open(Path file) throws IOException {
    if (TorchFile.isTorchFile(file)) {
      return TorchFile.open(file);
    }
    byte[] head = head(file);
    if (head.length < LENGTH || head[LENGTH - 1] != 0) { // no file is 2^56 bytes long
      if (head.length > 0 && head[0] == '{') {
        return ShardedTensors.open(file);
      }
      throw new TensorFileException(file + " " + whatElse(head));
    }
    return Safetensors.open(file);
  }

  private static byte[] head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(HEAD);
    }
  }

  /** What a file may be that holds no tensors, and what to do about it. */
  private static String whatElse(byte[] head) {
    if (head.length == 0) {
      return "is empty. If it was downloaded or copied, fetch it again.";
    }
    String text = new String(head, StandardCharsets.ISO_8859_1);
    if (text.startsWith("version https://git-lfs")) {
      return "is a pointer of Git LFS, not the weights themselves: fetch them with git lfs pull.";
    }
    if (text.stripLeading().startsWith("<")) {
      return "is a web page, not a file of weights: fetch the file that the page links to.";
    }
    if (head[0] == PICKLE) {
      return "is a pickle that torch.save did not write; it was not read. Give a .safetensors file,"
          + " or what torch.save or torch.jit.save wrote.";
    }
    return "is neither a safetensors nor a PyTorch file: it begins with the bytes "
        + HexFormat.ofDelimiter(" ").formatHex(head, 0, Math.min(LENGTH, head.length))
        + ". Give a .safetensors file, or what torch.save or torch.jit.save wrote.";
  }
}
