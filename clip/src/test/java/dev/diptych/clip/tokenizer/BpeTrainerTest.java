package dev.diptych.clip.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BpeTrainerTest {
  @Test
  void savedAndLoadedItGivesTheSameIds(@TempDir Path directory) throws IOException {
    Tokenizer learnt = Captions.tokenizer();
    assertThat(learnt.endToken()).isEqualTo(learnt.size() - 1);
    assertThat(learnt.startToken()).isEqualTo(learnt.size() - 2);
    learnt.save(directory);
    Tokenizer loaded = Tokenizer.load(directory);
    assertThat(loaded.size()).isEqualTo(learnt.size());
    for (String caption : Captions.ALL) {
      assertThat(loaded.encode(caption)).isEqualTo(learnt.encode(caption));
    }
    assertThat(Tokenizer.load(directory.resolve("merges.txt")).encode("a red star"))
        .isEqualTo(learnt.encode("a red star"));
    try (var files = Files.list(directory)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("vocab.json", "merges.txt");
    }
  }

  @Test
  void frequentWordsBecomeOneToken() {
    Tokenizer tokenizer = Captions.tokenizer();
    assertThat(tokenizer.encode("a red circle")).hasSize(3);
    assertThat(tokenizer.decode(tokenizer.encode("A red  CIRCLE"))).isEqualTo("a red circle ");
  }

  @Test
  void theOrderOfCaptionsDoesNotMatter(@TempDir Path directory) throws IOException {
    List<String> shuffled = new ArrayList<>(Captions.ALL);
    Collections.shuffle(shuffled, new Random(7));
    Captions.tokenizer().save(directory.resolve("a"));
    BpeTrainer.train(shuffled, 640, 2).save(directory.resolve("b"));
    assertThat(directory.resolve("a/merges.txt"))
        .hasSameTextualContentAs(directory.resolve("b/merges.txt"));
  }

  /** Counts that are kept up to date against counts that are made anew for every merge. */
  @Test
  void mergesAreThoseOfCountingAnew(@TempDir Path directory) throws IOException {
    Random random = new Random(3);
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      StringBuilder word = new StringBuilder();
      for (int n = 1 + random.nextInt(12); n > 0; n--) {
        word.append((char) ('a' + random.nextInt(3)));
      }
      captions.add(word.toString());
    }
    BpeTrainer.train(captions, 600, 2).save(directory);
    List<String> found = Files.readAllLines(directory.resolve("merges.txt"));
    assertThat(found.subList(1, found.size())).isEqualTo(countingAnew(captions, 600 - 514));
  }

  private static List<String> countingAnew(List<String> captions, int most) {
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 512; i++) {
      tokens.add(ByteAlphabet.symbol(ByteAlphabet.byteAt(i % 256)) + (i < 256 ? "" : "</w>"));
    }
    List<List<String>> words = new ArrayList<>();
    for (String caption : captions) {
      List<String> word = new ArrayList<>();
      for (int i = 0; i < caption.length(); i++) {
        word.add(caption.charAt(i) + (i == caption.length() - 1 ? "</w>" : ""));
      }
      words.add(word);
    }
    List<String> merges = new ArrayList<>();
    while (merges.size() < most) {
      Map<List<String>, Integer> counts = new HashMap<>();
      for (List<String> word : words) {
        for (int i = 0; i + 1 < word.size(); i++) {
          counts.merge(List.of(word.get(i), word.get(i + 1)), 1, (a, b) -> a + b);
        }
      }
      List<String> best = List.of();
      int most1 = 1;
      for (int left = 0; left < tokens.size(); left++) {
        for (int right = 0; right < tokens.size(); right++) {
          List<String> pair = List.of(tokens.get(left), tokens.get(right));
          int count = counts.getOrDefault(pair, 0);
          if (count > most1 && !tokens.contains(pair.get(0) + pair.get(1))) {
            best = pair;
            most1 = count;
          }
        }
      }
      if (best.isEmpty()) {
        break;
      }
      String made = best.get(0) + best.get(1);
      merges.add(best.get(0) + " " + best.get(1));
      tokens.add(made);
      for (List<String> word : words) {
        for (int i = 0; i + 1 < word.size(); i++) {
          if (word.get(i).equals(best.get(0)) && word.get(i + 1).equals(best.get(1))) {
            word.set(i, made);
            word.remove(i + 1);
          }
        }
      }
    }
    return merges;
  }

  @Test
  void sizesAndCountsOutOfRangeAreRefused() {
    assertThatThrownBy(() -> BpeTrainer.train(Captions.ALL, 513, 2))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("from 514");
    assertThatThrownBy(() -> BpeTrainer.train(Captions.ALL, 600, 0))
        .isInstanceOf(UserException.class);
    assertThatThrownBy(() -> BpeTrainer.train(List.of(" ", ""), 600, 2))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no words");
    assertThat(BpeTrainer.train(Captions.ALL, 514, 2).size()).isEqualTo(514);
    assertThat(BpeTrainer.train(List.of("ab", "a".repeat(5000)), 49_408, 2).size()).isEqualTo(514);
  }
}
