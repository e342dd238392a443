package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.JavaProcess;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.clip.weights.ModelFiles;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training in a Java machine of its own that is interrupted, killed or out of room: what is on disk
 * is whole, and the resumed run ends with the same bits as one that was never stopped.
 */
@Timeout(180)
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "signals and file limits of Unix")
class StoppedTrainingTest {
  private static final int STEPS = 40;

  @TempDir static Path shared = Path.of(".");
  private static Path data = Path.of(".");
  private static byte[] straight = {};

  @TempDir Path logs = Path.of(".");
  private final List<Process> started = new ArrayList<>();

  @BeforeAll
  static void trainWithoutStopping() throws IOException {
    data = Squares.table(shared.resolve("data"), 16);
    Cli.run(arguments(shared, "straight", 0).toArray()).succeeded();
    straight = newest(new RunFolder(shared.resolve("straight")));
  }

  @AfterEach
  void endProcesses() {
    started.forEach(Process::destroyForcibly);
  }

  private static List<String> arguments(Path logs, String name, int saveEvery) {
    return List.of(
        ("train --data %s --logs %s --name %s --model mini-48 --steps %d --batch-size 4 --warmup 2"
                + " --vocab-size 520 --log-every-n-steps 1 --save-every %d --seed 5 --aug-flip 0.5")
            .formatted(data, logs, name, STEPS, saveEvery)
            .split(" "));
  }

  private static byte[] newest(RunFolder run) throws IOException {
    return Files.readAllBytes(Objects.requireNonNull(run.latestCheckpoint()));
  }

  /** A command of Diptych in a Java machine of its own, begun by {@code prefix}. */
  private Process start(String prefix, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("bash", "-c", prefix + " exec \"$@\"", "bash"));
    command.addAll(JavaProcess.command(Main.class, List.of("-Xmx1g"), arguments));
    Process process = new ProcessBuilder(command).redirectError(errors().toFile()).start();
    started.add(process);
    return process;
  }

  private Path errors() {
    return logs.resolve("errors.txt");
  }

  /** Reads what the process prints until there is {@code wanted}; the end is no such place. */
  private void await(BufferedReader out, String wanted) throws IOException {
    String line = out.readLine();
    while (line != null && !line.contains(wanted)) {
      line = out.readLine();
    }
    assertThat(line)
        .as("the line with %s; errors: %s", wanted, Files.readString(errors()))
        .isNotNull();
  }

  /** Every checkpoint can be read and the log holds every step once, whatever happened before. */
  private static void assertWholeAndResumesBitForBit(RunFolder run) throws IOException {
    for (Path checkpoint : run.checkpoints()) {
      assertThat(ModelFiles.load(checkpoint).parameters().size()).isPositive();
    }
    assertThat(Cli.run("train", "--resume", run.path()).succeeded().out())
        .contains("Going on with " + run.path());
    assertThat(newest(run)).isEqualTo(straight);
    List<Integer> steps = new ArrayList<>();
    run.readLog(STEPS).forEach(line -> steps.add(line.path("step").asInt()));
    assertThat(steps).doesNotHaveDuplicates().hasSize(STEPS).isSorted();
    try (Stream<Path> files = Files.list(run.path().resolve("checkpoints"))) {
      assertThat(files).allMatch(file -> file.toString().endsWith(".safetensors"));
    }
  }

  @Test
  void interruptedTrainingKeepsACheckpointAndGoesOn() throws Exception {
    String printed = interrupt(start("", arguments(logs, "halted", 0)));
    RunFolder run = new RunFolder(logs.resolve("halted"));
    Path checkpoint = Objects.requireNonNull(run.latestCheckpoint());
    assertThat(printed)
        .contains("Stopped after step", "everything is in " + checkpoint)
        .contains("Go on with: --resume " + run.path());
    assertThat(Files.readString(errors())).doesNotContain("\tat ");
    assertWholeAndResumesBitForBit(run);
  }

  @Test
  void interruptedTrainingOnAFullDiskSaysSo() throws Exception {
    interrupt(start("ulimit -f 1024;", arguments(logs, "full", 0)));
    assertThat(Files.readString(errors()))
        .contains("the checkpoint " + logs.resolve("full"), "could not be written (")
        .doesNotContain("\tat ");
    assertThat(new RunFolder(logs.resolve("full")).checkpoints()).isEmpty();
  }

  /** Sends Ctrl-C in the middle of training and returns what is printed from there on. */
  private String interrupt(Process process) throws IOException, InterruptedException {
    // A shell in the background makes its children deaf to Ctrl-C; then a polite kill must do.
    boolean deaf = ignoresInterrupts();
    String kill = "read; kill -%s %d".formatted(deaf ? "TERM" : "INT", process.pid());
    Process killer = new ProcessBuilder("bash", "-c", kill).start(); // ready when it is wanted
    started.add(killer);
    String printed;
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        Writer trigger = killer.outputWriter(StandardCharsets.UTF_8)) {
      await(out, "step 5/");
      trigger.write("now\n");
      trigger.flush();
      printed = String.join("\n", out.readAllLines());
    }
    assertThat(killer.waitFor()).isZero();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(deaf ? 143 : Main.INTERRUPTED);
    return printed;
  }

  private static boolean ignoresInterrupts() throws IOException {
    Path status = Path.of("/proc/self/status");
    if (!Files.exists(status)) {
      return false;
    }
    for (String line : Files.readAllLines(status)) {
      if (line.startsWith("SigIgn:")) {
        return (Long.parseUnsignedLong(line.substring(7).strip(), 16) >> 1 & 1) == 1; // SIGINT is 2
      }
    }
    return false;
  }

  @Test
  void killedTrainingAndAFullDiskLoseNothing() throws Exception {
    // A checkpoint after every step: the kill most likely falls into the writing of one.
    Process process = start("", arguments(logs, "killed", 1));
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      await(out, "step 8/");
      process.destroyForcibly();
    }
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(128 + 9);
    RunFolder run = new RunFolder(logs.resolve("killed"));
    List<Path> kept = run.checkpoints();
    assertThat(kept).hasSizeGreaterThan(1);

    // Should the newest be spoilt all the same, there is the one before it.
    byte[] whole = Files.readAllBytes(kept.getLast());
    Files.write(kept.getLast(), Arrays.copyOf(whole, 5_000));
    Cli.run("train", "--resume", run.path())
        .refused(
            kept.getLast().toString(),
            "Delete this checkpoint to go on from the one before it, " + kept.get(kept.size() - 2));
    Files.write(kept.getLast(), whole);

    // Files of more than 1 MiB cannot be written: as if the disk were full.
    Map<Path, byte[]> before = new HashMap<>();
    for (Path checkpoint : kept) {
      before.put(checkpoint, Files.readAllBytes(checkpoint));
    }
    Process full = start("ulimit -f 1024;", List.of("train", "--resume", run.path().toString()));
    full.inputReader(StandardCharsets.UTF_8).readAllLines();
    assertThat(full.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(Files.readString(errors()))
        .contains("the checkpoint " + run.path() + File.separator + "checkpoints", "step-0000000")
        .contains("could not be written (", "earlier checkpoints are whole", "make room")
        .contains("--resume " + run.path())
        .doesNotContain("\tat ");
    assertThat(full.exitValue()).isEqualTo(Main.MISTAKE);
    assertThat(run.checkpoints()).isEqualTo(kept);
    for (Map.Entry<Path, byte[]> checkpoint : before.entrySet()) {
      assertThat(checkpoint.getKey()).hasBinaryContent(checkpoint.getValue());
    }
    assertWholeAndResumesBitForBit(run);
  }
}
