package dev.diptych.clip.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every string that OpenAI's tokenizer was recorded on, with its vocabulary. */
class TokenizerGoldenTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private static Path golden() {
    Path folder =
        Path.of(System.getProperty("diptych.golden", "../../shared/golden")).resolve("tokenizer");
    if (!Files.exists(folder.resolve("goldens.jsonl"))) {
      System.err.println("SKIPPED: golden tests of the tokenizer, there is no " + folder);
    }
    Assumptions.assumeTrue(
        Files.exists(folder.resolve("goldens.jsonl")),
        () -> "golden tests skipped: set -Ddiptych.golden to the folder that holds tokenizer/");
    return folder;
  }

  @Test
  void mergesOfOpenAi() throws IOException {
    check(Tokenizer.load(golden().resolve("bpe_simple_vocab_16e6.txt.gz")));
  }

  @Test
  void directoryOfHuggingFace() throws IOException {
    check(Tokenizer.load(golden()));
  }

  @Test
  void savedAgain(@TempDir Path directory) throws IOException {
    Path golden = golden();
    Tokenizer.load(golden.resolve("bpe_simple_vocab_16e6.txt.gz")).save(directory);
    assertThat(Files.readString(directory.resolve("merges.txt")).lines().skip(1))
        .containsExactlyElementsOf(
            Files.readAllLines(golden.resolve("merges.txt")).stream().skip(1).toList());
    assertThat(JSON.readTree(directory.resolve("vocab.json").toFile()))
        .isEqualTo(JSON.readTree(golden.resolve("vocab.json").toFile()));
  }

  private static void check(Tokenizer tokenizer) throws IOException {
    assertThat(tokenizer.size()).isEqualTo(49_408);
    assertThat(tokenizer.startToken()).isEqualTo(49_406);
    assertThat(tokenizer.endToken()).isEqualTo(49_407);
    List<String> lines = Files.readAllLines(golden().resolve("goldens.jsonl"));
    assertThat(lines).hasSize(440);
    for (int i = 0; i < lines.size(); i++) {
      JsonNode line = JSON.readTree(lines.get(i));
      String name = "line " + (i + 1) + ": " + line.get("text");
      String text = line.get("text").asString();
      int[] ids = JSON.treeToValue(line.get("ids"), int[].class);
      int[] tokens = JSON.treeToValue(line.get("tokens77"), int[].class);
      boolean tooLong = line.get("too_long").asBoolean();
      assertThat(Tokenizer.clean(text)).as(name).isEqualTo(line.get("cleaned").asString());
      assertThat(tokenizer.encode(text)).as(name).isEqualTo(ids);
      assertThat(tokenizer.decode(ids)).as(name).isEqualTo(line.get("decoded").asString());
      TokenizedText cut = tokenizer.tokenize(text, 77, Truncation.CUT);
      assertThat(cut.tokens()).as(name).isEqualTo(tokens);
      assertThat(cut.lost()).as(name).isEqualTo(Math.max(0, ids.length - 75));
      assertThat(cut.tokens()[cut.length() - 1]).as(name).isEqualTo(49_407);
      if (tooLong) {
        assertThatThrownBy(() -> tokenizer.tokenize(text, 77, Truncation.REFUSE))
            .as(name)
            .isInstanceOf(UserException.class)
            .hasMessageContaining((ids.length + 2) + " tokens")
            .hasMessageContaining("at most 77");
      } else {
        assertThat(tokenizer.tokenize(text, 77, Truncation.REFUSE).tokens())
            .as(name)
            .isEqualTo(tokens);
      }
    }
  }
}
