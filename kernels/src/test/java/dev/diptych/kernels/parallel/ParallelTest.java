package dev.diptych.kernels.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ParallelTest {
  private final int before = Parallel.threads();

  @AfterEach
  void restore() {
    Parallel.setThreads(before);
  }

  @Test
  void everyTaskRunsOnce() {
    for (int threads : new int[] {1, 2, 5}) {
      Parallel.setThreads(threads);
      for (int tasks : new int[] {0, 1, 2, 3, 100}) {
        for (int repeat = 0; repeat < 200; repeat++) {
          AtomicIntegerArray runs = new AtomicIntegerArray(Math.max(1, tasks));
          Parallel.run(tasks, runs::incrementAndGet);
          for (int i = 0; i < tasks; i++) {
            assertThat(runs.get(i)).isEqualTo(1);
          }
        }
      }
    }
  }

  @Test
  void rowsCoverEverythingOnce() {
    Parallel.setThreads(3);
    AtomicIntegerArray runs = new AtomicIntegerArray(101);
    Parallel.rows(
        101,
        7,
        (begin, end) -> {
          for (int i = begin; i < end; i++) {
            runs.incrementAndGet(i);
          }
        });
    for (int i = 0; i < 101; i++) {
      assertThat(runs.get(i)).isEqualTo(1);
    }
  }

  @Test
  void aTaskMayRunTasks() {
    Parallel.setThreads(2);
    AtomicInteger count = new AtomicInteger();
    Parallel.run(8, i -> Parallel.run(8, j -> count.incrementAndGet()));
    assertThat(count.get()).isEqualTo(64);
  }

  @Test
  void aFailureReachesTheCallerAndTheWorkersLiveOn() {
    Parallel.setThreads(3);
    for (int repeat = 0; repeat < 50; repeat++) {
      assertThatThrownBy(() ->
              Parallel.run(
                  9,
                  i -> {
                    if (i == 4) {
                      throw new IllegalStateException("task 4");
                    }
                  }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("task 4");
    }
    AtomicInteger count = new AtomicInteger();
    Parallel.run(9, i -> count.incrementAndGet());
    assertThat(count.get()).isEqualTo(9);
  }
}
