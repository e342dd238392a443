package dev.diptych.clip.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final Tokenizer TOKENIZER = Captions.tokenizer();

  @Test
  void wordsSpecialTokensAndEndings() {
    List<String> words = new ArrayList<>();
    WordSplitter.split("it's 12 dogs!! <|endoftext|>x 'ſ a\u0345b <|start", words::add);
    assertThat(words)
        .containsExactly(
            "it",
            "'s",
            "1",
            "2",
            "dogs",
            "!!",
            "<|endoftext|>",
            "x",
            "'ſ",
            "a",
            "b",
            "<|",
            "start");
    assertThat(TOKENIZER.encode("<|StartOfText|><|ENDOFTEXT|>"))
        .containsExactly(TOKENIZER.startToken(), TOKENIZER.endToken());
  }

  /**
   * What the heap does against what the definition says: look for the first merge, apply, repeat.
   */
  @Property(tries = 200)
  void mergesInTheOrderOfTheList(@ForAll long seed) {
    java.util.random.RandomGenerator random = new java.util.SplittableRandom(seed);
    StringBuilder word = new StringBuilder();
    for (int n = random.nextInt(1, 40); n > 0; n--) {
      word.append("redciaslquet".charAt(random.nextInt(12)));
    }
    assertThat(TOKENIZER.encode(word.toString())).isEqualTo(byDefinition(word.toString()));
  }

  private static int[] byDefinition(String word) {
    Path directory =
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "diptych-definition-" + ProcessHandle.current().pid());
    List<String> symbols = new ArrayList<>();
    for (int i = 0; i < word.length(); i++) {
      symbols.add(word.charAt(i) + (i == word.length() - 1 ? "</w>" : ""));
    }
    for (String[] merge : Definition.merges(directory)) {
      for (int i = 0; i + 1 < symbols.size(); i++) {
        if (symbols.get(i).equals(merge[0]) && symbols.get(i + 1).equals(merge[1])) {
          symbols.set(i, merge[0] + merge[1]);
          symbols.remove(i + 1);
        }
      }
    }
    return symbols.stream().mapToInt(Definition::id).toArray();
  }

  /** The merges and tokens as the saved files spell them. */
  private static final class Definition {
    private static final List<String[]> MERGES = new ArrayList<>();
    private static final List<String> TOKENS = new ArrayList<>();

    static synchronized List<String[]> merges(Path directory) {
      if (MERGES.isEmpty()) {
        TOKENIZER.save(directory);
        try {
          Files.readString(directory.resolve("merges.txt"))
              .lines()
              .skip(1)
              .forEach(line -> MERGES.add(line.split(" ", -1)));
          Files.delete(directory.resolve("merges.txt"));
          Files.delete(directory.resolve("vocab.json"));
          Files.delete(directory);
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
        for (int i = 0; i < 512; i++) {
          TOKENS.add(ByteAlphabet.symbol(ByteAlphabet.byteAt(i % 256)) + (i < 256 ? "" : "</w>"));
        }
        MERGES.forEach(merge -> TOKENS.add(merge[0] + merge[1]));
      }
      return MERGES;
    }

    static int id(String token) {
      return TOKENS.indexOf(token);
    }
  }

  @Property(tries = 500)
  void anyTextEncodesAndComesBack(@ForAll String text) {
    int[] ids = TOKENIZER.encode(text);
    assertThat(java.util.Arrays.stream(ids)).allMatch(id -> id >= 0 && id < TOKENIZER.size());
    String cleaned = Tokenizer.clean(text);
    if (!cleaned.contains("<") && cleaned.indexOf('\u0345') < 0) {
      assertThat(TOKENIZER.decode(ids).replace(" ", "")).isEqualTo(cleaned.replace(" ", ""));
    }
    TokenizedText cut = TOKENIZER.tokenize(text, 16, Truncation.CUT);
    assertThat(cut.tokens()).hasSize(16);
    assertThat(cut.length() + cut.lost()).isEqualTo(ids.length + 2);
  }

  @Test
  void everyIdDecodesAndOthersDoNot() {
    for (int id = 0; id < TOKENIZER.size(); id++) {
      assertThat(TOKENIZER.decode(new int[] {id})).isNotEmpty();
    }
    assertThatThrownBy(() -> TOKENIZER.decode(new int[] {0, TOKENIZER.size()}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("position 1");
    assertThatThrownBy(() -> TOKENIZER.decode(new int[] {-1}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void tooLongATextIsCutOrRefused() {
    TokenizedText cut = TOKENIZER.tokenize("1 2 3 4 5", 5, Truncation.CUT);
    assertThat(cut.lost()).isEqualTo(2);
    assertThat(cut.length()).isEqualTo(5);
    assertThat(cut.tokens()[4]).isEqualTo(TOKENIZER.endToken());
    assertThatThrownBy(() -> TOKENIZER.tokenize("1 2 3 4 5", 5, Truncation.REFUSE))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("7 tokens")
        .hasMessageContaining("at most 5: 2 too many");
    TokenizedText fits = TOKENIZER.tokenize("1", 5, Truncation.REFUSE);
    assertThat(fits.tokens()).endsWith(0, 0);
    assertThat(fits.lost()).isZero();
    assertThatThrownBy(() -> TOKENIZER.tokenize("1", 1, Truncation.CUT))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aVeryLongWordTakesNoVeryLongTime() {
    Assertions.assertTimeoutPreemptively(
        Duration.ofSeconds(30),
        () -> {
          assertThat(TOKENIZER.encode("redcircle".repeat(12_000))).isNotEmpty();
          assertThat(TOKENIZER.encode("é".repeat(30_000))).isNotEmpty();
        });
  }

  @Test
  void manyThreadsAgree() {
    List<int[]> results =
        IntStream.range(0, 64)
            .parallel()
            .mapToObj(i -> TOKENIZER.encode(Captions.ALL.get(i % Captions.ALL.size())))
            .toList();
    for (int i = 0; i < results.size(); i++) {
      assertThat(results.get(i)).isEqualTo(results.get(i % Captions.ALL.size()));
    }
  }

  @Test
  void damagedFilesAreRefusedByName(@TempDir Path directory) throws IOException {
    refused(directory, "holds none of them");
    refused(directory.resolve("absent.gz"), "no such file");
    TOKENIZER.save(directory);
    Path merges = directory.resolve("merges.txt");
    Path vocabulary = directory.resolve("vocab.json");
    String goodMerges = Files.readString(merges);
    String goodVocabulary = Files.readString(vocabulary);

    Files.writeString(merges, goodMerges.substring(0, goodMerges.indexOf('\n', 200) + 1));
    refused(directory, "no merge makes the token");
    Files.writeString(merges, goodMerges + "onlyone\n");
    refused(directory, "expected two tokens");
    Files.writeString(merges, goodMerges + "q q\n");
    refused(directory, "which the vocabulary lacks");
    Files.writeString(merges, goodMerges + goodMerges.lines().skip(1).findFirst().orElseThrow());
    refused(directory, "is there already, on line 2");
    Files.delete(merges);
    refused(directory, "only vocab.json");
    refused(vocabulary, "merges.txt");
    Files.writeString(merges, goodMerges);

    Files.writeString(vocabulary, goodVocabulary.substring(0, 500));
    refused(directory, "line 1, column");
    Files.writeString(vocabulary, "{\"!\":0," + goodVocabulary.substring(1));
    refused(directory, "Duplicate");
    Files.writeString(vocabulary, goodVocabulary.replace("\"!\":0", "\"!\":1"));
    refused(directory, "both have the id 1");
    Files.writeString(vocabulary, goodVocabulary.replace("\"!\":0", "\"!\":\"0\""));
    refused(directory, "must be a whole number");
    Files.writeString(vocabulary, goodVocabulary.replace("\"!\":0,", ""));
    refused(directory, "must have the ids 0 to");
    Files.writeString(vocabulary, "[]");
    refused(directory, "expected an object");

    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(goodMerges.getBytes(StandardCharsets.UTF_8));
    }
    Path gz = directory.resolve("merges.gz");
    Files.write(gz, packed.toByteArray());
    assertThat(Tokenizer.load(gz).encode("a red circle"))
        .isEqualTo(TOKENIZER.encode("a red circle"));
    Files.write(gz, java.util.Arrays.copyOf(packed.toByteArray(), packed.size() / 2));
    refused(gz, "cut off or damaged");
    Files.write(gz, new byte[] {(byte) 0xff, (byte) 0xfe, 0});
    refused(gz, "not UTF-8");
  }

  private static void refused(Path path, String message) {
    assertThatThrownBy(() -> Tokenizer.load(path))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(message);
  }
}
