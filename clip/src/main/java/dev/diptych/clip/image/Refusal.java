package dev.diptych.clip.image;

/** The sentences with which pictures are refused, the same for every format. */
final class Refusal {
  private Refusal() {}

  static PictureException truncated(String name, String format, String found) {
    return new PictureException(
        name + ": truncated " + format + ": " + found + "; copy or download the file again");
  }

  static PictureException corrupt(String name, String format, String found) {
    return new PictureException(
        name + ": corrupt " + format + ": " + found + "; replace the file or leave it out");
  }

  /** What a reader gave up on. */
  static PictureException corrupt(String name, String format, Exception cause) {
    String message = cause.getMessage();
    return new PictureException(
        name
            + ": corrupt "
            + format
            + ": "
            + (message == null ? cause.getClass().getSimpleName() : message)
            + "; replace the file or leave it out",
        cause);
  }

  static PictureException unsupported(String name, String format, String found) {
    return new PictureException(
        name
            + ": "
            + format
            + " with "
            + found
            + " cannot be read; save it as a plain JPEG or PNG");
  }
}
