package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import jcuda.nvptxcompiler.JNvPTXCompiler;
import jcuda.nvptxcompiler.nvPTXCompileResult;
import jcuda.nvptxcompiler.nvPTXCompilerHandle;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The PTX that ships is compiled by the compiler of CUDA 12.0, the oldest whose drivers may meet
 * it; JCuda brings it, and it needs no GPU. Without optimising, for the sake of time: what it
 * refuses, it refuses then too.
 */
class PtxCompilerTest {
  private static final Path RESOURCES = Path.of("src/main/resources/dev/diptych/kernels");
  private static final List<String> TARGETS = List.of("sm_80", "sm_90");

  /** A module and what to compile it for. */
  private record Job(Path ptx, String target) {}

  @BeforeAll
  static void loadTheCompiler() {
    try {
      JNvPTXCompiler.setExceptionsEnabled(false);
      int[] major = new int[1];
      int[] minor = new int[1];
      JNvPTXCompiler.nvPTXCompilerGetVersion(major, minor);
      assertThat(major[0]).as("CUDA version of the compiler").isEqualTo(12);
      assertThat(minor[0]).isZero();
    } catch (LinkageError e) {
      abort("JCuda's PTX compiler has no native code for this platform: " + e.getMessage());
    }
  }

  /** What the compiler has to say against it; nothing if it accepts it. */
  private static String errors(String text, String target) {
    byte[] ptx = text.getBytes(StandardCharsets.UTF_8);
    nvPTXCompilerHandle handle = new nvPTXCompilerHandle();
    int made =
        JNvPTXCompiler.nvPTXCompilerCreate(handle, ptx.length, Arrays.copyOf(ptx, ptx.length + 1));
    assertThat(made).isEqualTo(nvPTXCompileResult.NVPTXCOMPILE_SUCCESS);
    try {
      String[] options = {"--gpu-name=" + target, "-O0"};
      int result = JNvPTXCompiler.nvPTXCompilerCompile(handle, options.length, options);
      if (result == nvPTXCompileResult.NVPTXCOMPILE_SUCCESS) {
        return "";
      }
      long[] size = new long[1];
      JNvPTXCompiler.nvPTXCompilerGetErrorLogSize(handle, size);
      byte[] log = new byte[Math.toIntExact(size[0]) + 1];
      JNvPTXCompiler.nvPTXCompilerGetErrorLog(handle, log);
      return nvPTXCompileResult.stringFor(result) + "\n" + new String(log, StandardCharsets.UTF_8);
    } finally {
      JNvPTXCompiler.nvPTXCompilerDestroy(handle);
    }
  }

  @Test
  void everyModuleIsAccepted() throws IOException {
    List<Job> jobs;
    try (Stream<Path> files = Files.walk(RESOURCES)) {
      jobs =
          files
              .filter(file -> file.toString().endsWith(".ptx"))
              .sorted((a, b) -> Long.compare(b.toFile().length(), a.toFile().length()))
              .flatMap(file -> TARGETS.stream().map(target -> new Job(file, target)))
              .toList();
    }
    assertThat(jobs).isNotEmpty();
    assertThat(jobs.parallelStream().map(PtxCompilerTest::refusal).filter(r -> !r.isEmpty()))
        .isEmpty();
  }

  private static String refusal(Job job) {
    try {
      String errors = errors(Files.readString(job.ptx), job.target);
      return errors.isEmpty() ? "" : job + ": " + errors;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void newerPtxAndUnknownInstructionsAreRefused() throws IOException {
    String relu = Files.readString(RESOURCES.resolve("relu/relu.ptx"));
    assertThat(errors(relu.replace(".version 8.0", ".version 9.0"), "sm_80"))
        .contains("Unsupported .version 9.0");
    assertThat(errors(relu.replace("ld.global.", "ld.globe."), "sm_80")).isNotEmpty();
  }
}
