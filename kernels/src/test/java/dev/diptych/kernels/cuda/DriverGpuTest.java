package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCuda;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.reduce.ReduceCuda;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The way to the driver, on a driver without a GPU ({@code fakedriver.c}), in a process of its own:
 * JCuda's calls, contexts of threads, captures, what is left after a fault. It needs a C compiler
 * and JCuda's native code for Linux on x86-64.
 */
class DriverGpuTest {
  @TempDir static Path folder;

  @BeforeAll
  static void compile() throws Exception {
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && System.getProperty("os.arch").equals("amd64"),
        "JCuda's native code is for another platform");
    Path source = folder.resolve("fakedriver.c");
    try (InputStream in = DriverGpuTest.class.getResourceAsStream("fakedriver.c")) {
      Files.copy(Objects.requireNonNull(in), source);
    }
    String library = folder.resolve("libcuda.so.1").toString();
    try {
      Process compiler =
          new ProcessBuilder(
                  "cc", "-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o", library, "" + source)
              .inheritIO()
              .start();
      assertThat(compiler.waitFor()).isZero();
    } catch (IOException e) {
      assumeTrue(false, "there is no C compiler: " + e.getMessage());
    }
  }

  /** What runs on the fake driver. */
  public static final class Probe {
    private static final int N = 5000;

    private final Gpu gpu;
    private final DeviceMemory x;
    private final DeviceMemory sum;

    private Probe(Gpu gpu) {
      this.gpu = gpu;
      x = gpu.allocate(Float.BYTES * N);
      sum = gpu.allocate(Float.BYTES);
    }

    /** Runs the method of that name and says how it ended. */
    public static void main(String[] arguments) throws Exception {
      try (Gpu gpu = CudaDevice.open()) {
        Probe probe = new Probe(gpu);
        switch (arguments[0]) {
          case "steps" -> probe.steps();
          case "graph" -> probe.graph();
          default -> probe.threads();
        }
        gpu.free(probe.x);
        gpu.free(probe.sum);
        System.out.println("done");
      } catch (GpuException e) {
        System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
        System.out.println("suppressed: " + e.getSuppressed().length);
      }
    }

    /** Five things for a stream: a fill, three kernels, a copy. */
    private void work() {
      try (GpuScope scope = gpu.scope()) {
        DeviceMemory y = scope.floats(N);
        gpu.fill(y, (byte) 0);
        GeluCuda.forward(gpu, new GeluDims(N, Activation.GELU), Precision.F32, x, y);
        ReduceCuda.sum(gpu, Precision.F32, 1, y, sum);
        gpu.copy(y, x);
      }
    }

    private void steps() {
      float[] numbers = new float[N];
      numbers[N - 1] = 7;
      gpu.copyIn(MemorySegment.ofArray(numbers), x);
      float[] copied = new float[N];
      gpu.copyOut(x, MemorySegment.ofArray(copied));
      System.out.println("copied: " + copied[N - 1]);
      try (GpuEvent start = gpu.record()) {
        work();
        try (GpuEvent end = gpu.record()) {
          System.out.println("took: " + end.millisecondsSince(start));
        }
      }
    }

    private void graph() {
      work();
      try (GpuGraph graph = gpu.capture(this::work)) {
        graph.replay();
        graph.replay();
        gpu.synchronize();
      }
      work();
    }

    /** Virtual threads, which go on with another thread of the system when they have waited. */
    private void threads() throws Exception {
      ReentrantLock lock = new ReentrantLock();
      List<Future<?>> all = new ArrayList<>();
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < 20; i++) {
          all.add(
              threads.submit(() -> {
                for (int turn = 0; turn < 10; turn++) {
                  lock.lock();
                  try {
                    work();
                    Thread.sleep(1);
                    work();
                  } finally {
                    lock.unlock();
                  }
                }
                return null;
              }));
        }
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
  }

  private static String run(String what, int faultAt) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.io.tmpdir=" + folder,
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Probe.class.getName(),
                what)
            .redirectErrorStream(true);
    builder.environment().put("LD_LIBRARY_PATH", folder.toString());
    builder.environment().put("FAKE_FAULT", Integer.toString(faultAt));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  void everythingIsGivenBack() throws Exception {
    assertThat(run("steps", -1)).contains("copied: 7.0", "took: 1.0", "done", "living: 0");
    assertThat(run("graph", -1)).contains("captured: 5", "done", "living: 0");
  }

  @Test
  void virtualThreadsHaveTheContextWhereverTheyRun() throws Exception {
    assertThat(run("threads", -1)).contains("done", "living: 0");
  }

  @Test
  void aFaultIsReportedOnceAndNothingFailsAfterIt() throws Exception {
    for (String what : List.of("steps", "graph")) {
      assertThat(run(what, 2))
          .contains("GpuLostException: ", "CUDA_ERROR_ILLEGAL_ADDRESS", "context is lost")
          .contains("suppressed: 0")
          .doesNotContain("done");
    }
    assertThat(run("graph", 4)) // the replay, after three kernels
        .contains("GpuLostException: ", "in a graph that ends with sum_join")
        .contains("suppressed: 0");
  }
}
