package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class TokenizeCommandTest {
  @TempDir private Path directory = Path.of("");

  @Test
  void everyLineGivesALine() throws IOException {
    Tokenizer tokenizer = vocabulary();
    Path output = directory.resolve("out.jsonl");
    run("{\"text\": \"a red dog\"}\n{\"id\": 3, \"text\": \"\"}\r\n{\"text\":\"\\u00e9\"}", output);
    assertThat(Files.readAllLines(output))
        .containsExactly(
            line(tokenizer.encode("a red dog")), line(new int[0]), line(tokenizer.encode("é")));
  }

  @Test
  void aLineThatHoldsNoTextIsNamed() {
    vocabulary();
    Path output = directory.resolve("out.jsonl");
    for (String bad : List.of("", "{\"text\": 5}", "[1]", "{\"text\": \"a", "{\"text\":\"a\"} x")) {
      assertThatThrownBy(() -> run("{\"text\": \"fine\"}\n" + bad + "\n", output))
          .as(bad)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("in.jsonl, line 2");
      assertThat(output).doesNotExist();
    }
    assertThatThrownBy(
            () -> call("--vocab", directory, "--input", directory.resolve("absent.jsonl")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("absent.jsonl: no such file");
  }

  private Tokenizer vocabulary() {
    Tokenizer tokenizer = BpeTrainer.train(List.of("a red dog", "a red cat"), 530, 2);
    tokenizer.save(directory);
    return tokenizer;
  }

  private void run(String lines, Path output) throws IOException {
    Path input = directory.resolve("in.jsonl");
    Files.writeString(input, lines);
    call("--vocab", directory, "--input", input, "--output", output);
  }

  private static void call(Object... arguments) {
    TokenizeCommand command = new TokenizeCommand();
    new CommandLine(command)
        .parseArgs(Arrays.stream(arguments).map(Object::toString).toArray(String[]::new));
    assertThat(command.call()).isZero();
  }

  private static String line(int[] ids) {
    return "{\"ids\":" + Arrays.toString(ids).replace(" ", "") + "}";
  }
}
