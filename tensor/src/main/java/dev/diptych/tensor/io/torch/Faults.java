package dev.diptych.tensor.io.torch;

import dev.diptych.tensor.io.TensorFileException;

/** What is said about files that cannot be read; {@link TorchFile} puts the file's name before. */
final class Faults {
  private Faults() {}

  /** Bytes that contradict the format. */
  static TensorFileException damaged(String what) {
    return new TensorFileException(
        what + ". If it was downloaded or copied, fetch it again, else save it again.");
  }

  /** Bytes that contradict the format, found by a library. */
  static TensorFileException damaged(String what, Exception cause) {
    Throwable first = cause;
    while (first.getCause() != null) {
      first = first.getCause();
    }
    return new TensorFileException(
        "%s (%s). If it was downloaded or copied, fetch it again, else save it again."
            .formatted(what, first.getMessage()),
        cause);
  }

  /** Something that the format allows and that is not read here. */
  static TensorFileException unsupported(String what) {
    return new TensorFileException(
        what
            + ". Save the weights alone, in Python: torch.save(model.state_dict(), \"model.pt\").");
  }
}
