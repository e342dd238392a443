package dev.diptych.clip.hub;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;

/**
 * A body that may be silent for some time but not for ever: the timeout of a request ends with its
 * headers, and a connection through which nothing comes any more would be read without end.
 */
final class PatientStream extends FilterInputStream {
  private static final long IDLE = Long.MAX_VALUE;

  private final Duration patience;
  private final Thread watcher;
  private volatile long waitingSince = IDLE;
  private volatile boolean stalled;

  PatientStream(InputStream in, Duration patience) {
    super(in);
    this.patience = patience;
    this.watcher = Thread.ofVirtual().start(this::watch);
  }

  private void watch() {
    try {
      while (true) {
        Thread.sleep(Math.max(1, patience.toMillis() / 4));
        long since = waitingSince;
        if (since != IDLE && System.nanoTime() - since > patience.toNanos()) {
          stalled = true;
          in.close(); // wakes the reader
          return;
        }
      }
    } catch (InterruptedException | IOException e) {
      // closed: nothing to watch any more
    }
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    waitingSince = System.nanoTime();
    try {
      int count = in.read(bytes, offset, length);
      if (count < 0 && stalled) {
        throw silence();
      }
      return count;
    } catch (HttpTimeoutException e) {
      throw e;
    } catch (IOException e) {
      throw stalled ? silence() : e;
    } finally {
      waitingSince = IDLE;
    }
  }

  private IOException silence() {
    return new HttpTimeoutException("nothing came for " + patience.toSeconds() + " s");
  }

  @Override
  public void close() throws IOException {
    watcher.interrupt();
    super.close();
  }
}
