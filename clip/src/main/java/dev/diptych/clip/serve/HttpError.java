package dev.diptych.clip.serve;

/** A request that is answered with an error: a status and a sentence for whoever sent it. */
final class HttpError extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;

  HttpError(int status, String message) {
    super(message);
    this.status = status;
  }

  int status() {
    return status;
  }
}
