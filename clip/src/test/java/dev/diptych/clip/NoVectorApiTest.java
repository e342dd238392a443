package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.cli.Main;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Programs that were started without {@code --add-modules jdk.incubator.vector}. */
class NoVectorApiTest {
  private static final String ADVICE = "start it with --add-modules jdk.incubator.vector";

  @TempDir private Path folder;

  private record Outcome(int code, String output) {}

  private static Outcome run(List<String> options, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = JavaProcess.plainCommand(main, options, List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Outcome(process.waitFor(), output);
  }

  /** Somebody's program that loads a model and embeds a text. */
  static final class Stranger {
    private Stranger() {}

    /** Embeds a text with the model in {@code arguments[0]}. */
    public static void main(String[] arguments) {
      try (Diptych model = Diptych.load(Path.of(arguments[0]))) {
        System.out.println("embedded " + model.embedTexts(List.of("a cat"))[0].length);
      }
    }
  }

  @Test
  void aProgramIsToldWhichFlagIsMissing() throws Exception {
    String model = Tiny.save(folder, 1).toString();
    Outcome without = run(List.of(), Stranger.class, model);
    assertThat(without.code()).isEqualTo(1);
    assertThat(without.output()).contains("IllegalStateException: Diptych needs").contains(ADVICE);
    Outcome with = run(List.of("--add-modules", "jdk.incubator.vector"), Stranger.class, model);
    assertThat(with.output()).contains("embedded 12");
    assertThat(with.code()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "demo"})
  void soIsWhoStartsTheCommand(String argument) throws Exception {
    Outcome outcome = run(List.of(), Main.class, argument);
    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.output()).contains(ADVICE).hasLineCount(1);
  }
}
