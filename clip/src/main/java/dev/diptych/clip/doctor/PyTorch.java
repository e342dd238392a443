package dev.diptych.clip.doctor;

import dev.diptych.clip.UserException;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/**
 * PyTorch in a process of its own, which times its kernels on the sizes of ours. The process stays,
 * so that what PyTorch compiles is compiled once; it does nothing between rounds. Its program is
 * the resource {@code pytorch.py}: a line of JSON for each line that it is sent.
 */
public final class PyTorch implements AutoCloseable {
  private final String python;
  private final Path folder;
  private final Process process;
  private final BufferedWriter to;
  private final BufferedReader from;
  private final Start start;

  /**
   * What the process says first.
   *
   * @param torch PyTorch's version
   * @param gpu the name of the GPU that it sees
   * @param f32Gigaflops GFLOP/s of a matrix product of 4096³ in f32, without TF32
   * @param bf16Gigaflops GFLOP/s of one of 8192³ in bf16
   */
  public record Start(String torch, String gpu, double f32Gigaflops, double bf16Gigaflops) {}

  /**
   * Starts the process and waits until it is ready.
   *
   * @param python the interpreter, a name on the path or a file
   * @throws UserException if it does not start, has no PyTorch, or PyTorch sees no GPU
   */
  public PyTorch(String python) throws IOException {
    this.python = python;
    folder = Files.createTempDirectory("diptych-pytorch");
    try {
      Path program = folder.resolve("pytorch.py");
      try (InputStream in =
          Objects.requireNonNull(PyTorch.class.getResourceAsStream("pytorch.py"))) {
        Files.copy(in, program, StandardCopyOption.REPLACE_EXISTING);
      }
      process =
          new ProcessBuilder(python, program.toString())
              .redirectError(folder.resolve("errors.txt").toFile())
              .start();
    } catch (IOException e) {
      clean();
      throw new UserException(
          "--peer: \"%s\" does not start: %s".formatted(python, UserException.reason(e)), e);
    }
    to = process.outputWriter(StandardCharsets.UTF_8);
    from = process.inputReader(StandardCharsets.UTF_8);
    try {
      start = answer(new TypeReference<Start>() {});
    } catch (UserException e) {
      close();
      throw e;
    }
  }

  /** What it is. */
  public Start start() {
    return start;
  }

  /**
   * Times what PyTorch has for our timings, once.
   *
   * @param names of our timings
   * @return for each name that PyTorch has something for, the medians in µs of all its ways of
   *     doing it
   * @throws UserException if the process ended
   */
  public Map<String, Map<String, Double>> round(List<String> names) {
    try {
      to.write(DoctorJson.MAPPER.writeValueAsString(names));
      to.newLine();
      to.flush();
    } catch (IOException e) {
      throw ended(e);
    }
    return answer(new TypeReference<LinkedHashMap<String, Map<String, Double>>>() {});
  }

  private <T> T answer(TypeReference<T> type) {
    try {
      String line = from.readLine();
      if (line != null) {
        return DoctorJson.MAPPER.readValue(line, type);
      }
    } catch (IOException e) {
      throw ended(e);
    } catch (JacksonException e) {
      throw new UserException(
          "--peer: \"%s\" wrote what is no answer: %s".formatted(python, e.getOriginalMessage()),
          e);
    }
    throw ended(null);
  }

  private UserException ended(@Nullable Throwable cause) {
    String said = "nothing";
    try {
      List<String> lines = Files.readAllLines(folder.resolve("errors.txt"));
      said = lines.isEmpty() ? said : lines.getLast();
    } catch (IOException e) {
      said = UserException.reason(e);
    }
    String message =
        "--peer: \"%s\" ended before it had timed PyTorch. The last that it said: %s"
            .formatted(python, said);
    return cause == null ? new UserException(message) : new UserException(message, cause);
  }

  /** Ends the process. */
  @Override
  public void close() {
    try {
      to.close();
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      process.destroyForcibly(); // it no longer listens
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    } finally {
      clean();
    }
  }

  private void clean() {
    for (String name : new String[] {"pytorch.py", "errors.txt", ""}) {
      try {
        Files.deleteIfExists(folder.resolve(name));
      } catch (IOException e) {
        System.getLogger(PyTorch.class.getName())
            .log(System.Logger.Level.DEBUG, folder.toString(), e);
      }
    }
  }
}
