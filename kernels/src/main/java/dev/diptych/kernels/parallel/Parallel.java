package dev.diptych.kernels.parallel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the tasks of one kernel on all threads: the caller and a few daemon workers take task
 * numbers from a counter until none is left.
 *
 * <p><b>Determinism.</b> Which thread runs a task is left to chance; what a task computes must
 * depend on its number alone. A kernel that sums over tasks writes one partial sum per task and
 * joins them in task order, with a number of tasks that does not depend on {@link #threads()}.
 *
 * <p><b>Memory order.</b> Everything the caller wrote before {@link #run} is seen by every task;
 * everything the tasks wrote is seen by the caller when {@code run} returns.
 *
 * <p>Calls from several threads at once are safe: whoever finds the workers taken runs its tasks by
 * itself. So does a task that calls {@code run} again.
 */
public final class Parallel {
  /** How often a waiting thread looks again before it sleeps or yields; some tens of µs. */
  private static final int SPINS = 2_000;

  private static final Object LOCK = new Object();
  private static volatile int threads =
      Math.max(
          1, Integer.getInteger("diptych.threads", Runtime.getRuntime().availableProcessors()));
  private static Worker[] workers = new Worker[0];
  private static final AtomicInteger busy = new AtomicInteger();

  private Parallel() {}

  /** Body of {@link #rows}: handles the rows from {@code begin} (inclusive) to {@code end}. */
  @FunctionalInterface
  public interface RowRange {
    /** Handles the rows {@code begin ≤ row < end}. */
    void run(int begin, int end);
  }

  /**
   * The number of threads that {@link #run} uses, the caller included: the system property {@code
   * diptych.threads}, by default one per processor.
   */
  public static int threads() {
    return threads;
  }

  /**
   * Changes the number of threads from the next {@link #run} on.
   *
   * @throws IllegalArgumentException if {@code count} is less than 1
   */
  public static void setThreads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("threads must be at least 1, got " + count);
    }
    threads = count;
  }

  /**
   * Runs {@code task} for every number from 0 to {@code tasks − 1} and returns when all are done.
   * The first failure of a task is thrown here, after all threads have stopped.
   */
  public static void run(int tasks, IntConsumer task) {
    int helpers = Math.min(threads, tasks) - 1;
    if (helpers <= 0 || !busy.compareAndSet(0, 1)) {
      for (int i = 0; i < tasks; i++) {
        task.accept(i);
      }
      return;
    }
    try {
      Worker[] team = team(helpers);
      Job job = new Job(tasks, task, helpers);
      for (int i = 0; i < helpers; i++) {
        team[i].give(job);
      }
      job.work();
      job.await();
      if (job.failure != null) {
        throw propagate(job.failure);
      }
    } finally {
      busy.set(0);
    }
  }

  /**
   * Cuts {@code rows} into runs of about {@code rowsPerTask} and runs {@code body} on each in
   * parallel. Use it where rows are independent of each other.
   */
  public static void rows(int rows, int rowsPerTask, RowRange body) {
    if (rows <= 0) {
      return;
    }
    int tasks = Math.max(1, (rows + rowsPerTask - 1) / rowsPerTask);
    if (tasks == 1) {
      body.run(0, rows);
      return;
    }
    run(
        tasks,
        i -> body.run((int) ((long) rows * i / tasks), (int) ((long) rows * (i + 1) / tasks)));
  }

  /**
   * How many rows make a task worth handing to another thread when one row costs about {@code
   * elementsPerRow} simple element operations. Depends on sizes alone.
   */
  public static int rowsPerTask(int elementsPerRow) {
    return Math.max(1, 16_384 / Math.max(1, elementsPerRow));
  }

  private static Worker[] team(int size) {
    synchronized (LOCK) {
      if (workers.length < size) {
        Worker[] grown = java.util.Arrays.copyOf(workers, size);
        for (int i = workers.length; i < size; i++) {
          grown[i] = new Worker(i + 1);
          grown[i].start();
        }
        workers = grown;
      }
      return workers;
    }
  }

  private static RuntimeException propagate(Throwable failure) {
    if (failure instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) failure;
  }

  private static final class Job {
    private final int tasks;
    private final IntConsumer task;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger helpersLeft;
    private final Thread caller = Thread.currentThread();
    private volatile @Nullable Throwable failure;

    Job(int tasks, IntConsumer task, int helpers) {
      this.tasks = tasks;
      this.task = task;
      this.helpersLeft = new AtomicInteger(helpers);
    }

    void work() {
      try {
        for (int i = next.getAndIncrement(); i < tasks; i = next.getAndIncrement()) {
          task.accept(i);
        }
      } catch (RuntimeException | Error e) {
        next.set(tasks);
        failure = e;
      }
    }

    void helperDone() {
      if (helpersLeft.decrementAndGet() == 0) {
        LockSupport.unpark(caller);
      }
    }

    void await() {
      for (int spin = 0; helpersLeft.get() > 0; spin++) {
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          LockSupport.park(this);
        }
      }
    }
  }

  private static final class Worker extends Thread {
    private volatile @Nullable Job job;
    private volatile boolean parked;

    Worker(int number) {
      super("diptych-kernel-" + number);
      setDaemon(true);
    }

    void give(Job next) {
      job = next;
      if (parked) {
        LockSupport.unpark(this);
      }
    }

    @Override
    public void run() {
      while (true) {
        Job mine = await();
        job = null;
        mine.work();
        mine.helperDone();
      }
    }

    private Job await() {
      for (int spin = 0; ; spin++) {
        Job next = job;
        if (next != null) {
          return next;
        }
        if (spin < SPINS) {
          Thread.onSpinWait();
        } else {
          parked = true;
          if (job == null) {
            LockSupport.park(this);
          }
          parked = false;
        }
      }
    }
  }
}
