package dev.diptych.clip.train;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Lets a run end in order on Ctrl-C or a polite kill: the Java machine, before it exits, waits
 * until the run has finished its step and written a checkpoint.
 */
public final class StopSignal implements AutoCloseable {
  private static final long PATIENCE_SECONDS = 120;

  private final CountDownLatch finished = new CountDownLatch(1);
  private final Thread hook = new Thread(this::stopAndWait, "diptych-stop");
  private volatile boolean requested;

  private StopSignal() {}

  /** Begins to listen. */
  public static StopSignal install() {
    StopSignal signal = new StopSignal();
    Runtime.getRuntime().addShutdownHook(signal.hook);
    return signal;
  }

  /** A signal that only {@link #request} raises. */
  public static StopSignal manual() {
    return new StopSignal();
  }

  /** Whether the run should end after the present step. */
  public boolean isRequested() {
    return requested;
  }

  /** Asks the run to end after the present step. */
  public void request() {
    requested = true;
  }

  private void stopAndWait() {
    requested = true;
    try {
      if (!finished.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        System.err.println("The run did not end in time; its last checkpoint is whole.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The run has ended: the Java machine may exit. */
  @Override
  public void close() {
    finished.countDown();
    if (!requested) {
      try {
        boolean removed = Runtime.getRuntime().removeShutdownHook(hook);
        assert removed || !hook.isAlive();
      } catch (IllegalStateException e) {
        requested = true; // the machine is already shutting down
      }
    }
  }
}
