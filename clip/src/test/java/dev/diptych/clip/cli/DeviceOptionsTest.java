package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diptych.clip.Tiny;
import dev.diptych.kernels.cuda.CudaDevice;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Every command that computes where one wants, on a machine where that is not possible. */
class DeviceOptionsTest {
  /** What each command needs besides the options of devices; folders are filled in. */
  private static final Map<String, String> COMMANDS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("demo", "--out $/runs/demo --steps 2"),
              Map.entry("train", "--data $/data/squares.csv --logs $/runs --batch-size 4"),
              Map.entry("classify", "--model $/model $/data --labels cat"),
              Map.entry("calibrate", "--model $/model $/data --labels cat --out $/none.json"),
              Map.entry("embed", "--model $/model $/data --out $/embedded"),
              Map.entry("index", "--model $/model $/data --out $/other"),
              Map.entry("search", "$/index word"),
              Map.entry("serve", "$/index --port 0"),
              Map.entry("features", "--model $/model --inputs $/inputs --out $/features"),
              Map.entry("evaluate zeroshot_classification", "--model $/model --data $/classes"),
              Map.entry("evaluate zeroshot_retrieval", "--model $/model --data $/data/squares.csv"),
              Map.entry(
                  "evaluate linear_probe",
                  "--model $/model --train-data $/classes --test-data $/classes")));

  @TempDir static Path folder = Path.of(".");

  @BeforeAll
  static void prepare() throws IOException {
    Tiny.save(folder.resolve("model"), 5);
    Squares.table(folder.resolve("data"), 4);
    for (int i = 0; i < 4; i++) {
      Tiny.png(folder.resolve("classes/" + (i % 2 == 0 ? "cat/" : "dog/") + i + ".png"), i);
    }
    new SafetensorsWriter()
        .add("images", Tensor.of(new float[2 * 768], Shape.of(2, 3, 16, 16)))
        .add("tokens", new IntTensor(Shape.of(2, 3), new int[6]))
        .write(folder.resolve("inputs"));
    Cli.run(
            "index",
            "--model",
            folder.resolve("model"),
            folder.resolve("data"),
            "--out",
            folder.resolve("index"))
        .succeeded();
  }

  static List<String> commands() {
    return List.copyOf(COMMANDS.keySet());
  }

  private static Cli.Outcome run(String command, String... more) {
    String all = command + " " + COMMANDS.getOrDefault(command, "").replace("$", folder.toString());
    List<String> words = new ArrayList<>(List.of(all.split(" ")));
    words.addAll(Arrays.asList(more));
    return Cli.run(words.toArray());
  }

  @Test
  void theseAreAllCommandsWithADevice() {
    List<String> found = new ArrayList<>();
    collect("", Main.commandLine(), found);
    assertThat(found).containsExactlyInAnyOrderElementsOf(COMMANDS.keySet());
  }

  private static void collect(String prefix, CommandLine line, List<String> found) {
    line.getSubcommands()
        .forEach((name, command) -> {
          if (command.getCommandSpec().findOption("--device") != null) {
            assertThat(command.getCommandSpec().findOption("--precision")).isNotNull();
            found.add(prefix + name);
          }
          collect(prefix + name + " ", command, found);
        });
  }

  @ParameterizedTest
  @MethodSource("commands")
  void withoutAGpuThereIsOneSentence(String command) throws IOException {
    assumeTrue(CudaDevice.survey().problem() != null, "this machine has a GPU");
    Path demo = Files.createDirectories(folder.resolve("runs/demo/checkpoints"));
    Path earlier = Files.writeString(demo.resolve("step-000000001.safetensors"), "of before");
    Cli.Outcome outcome =
        run(command, "--device", "cuda", "--precision", "bf16")
            .refused("There is ", " Without --device cuda the CPU computes.");
    assertThat(outcome.err().lines().filter(line -> line.contains("There is "))).hasSize(1);
    assertThat(outcome.out()).isEmpty();
    assertThat(earlier).as("what an earlier run left").hasContent("of before");
    assertThat(folder.resolve("runs")).isDirectoryNotContaining(path -> !path.endsWith("demo"));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void theCpuKnowsNoBf16(String command) {
    Cli.Outcome outcome =
        run(command, "--precision", "bf16")
            .refused("--precision bf16 needs --device cuda: the CPU computes in fp32");
    assertThat(outcome.out()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("commands")
  void namesThatDoNotExist(String command) {
    run(command, "--device", "tpu").refused("--device", "'tpu'", "CPU, CUDA");
    run(command, "--precision", "fp8").refused("--precision", "'fp8'", "FP32, BF16");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cpu", "CPU"})
  void theCpuCanBeNamed(String cpu) {
    run("classify", "--device", cpu, "--precision", "fp32").succeeded();
  }

  @Test
  void whatStaysOnTheCpuHasNoSuchOption() {
    Path picture = folder.resolve("data/1.png");
    Object[] explain = {
      "explain",
      picture,
      "a cat",
      "--model",
      folder.resolve("model"),
      "--out",
      folder.resolve("map.png"),
      "--device",
      "cuda"
    };
    Cli.run(explain).refused("--device");
    Cli.run(Arrays.copyOf(explain, explain.length - 2)).succeeded();
    Cli.run("evaluate", "pointing_game", "--model", "m", "--data", "d", "--device", "cuda")
        .refused("--device");
  }
}
