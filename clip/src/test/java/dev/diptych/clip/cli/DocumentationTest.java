package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.demo.Colour;
import dev.diptych.clip.demo.HeldOut;
import dev.diptych.clip.demo.Shape;
import dev.diptych.clip.demo.Thing;
import dev.diptych.tensor.random.Philox;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** What the documentation says and a machine can check: links, commands, options, line counts. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*\\]\\(([^)\\s]+)\\)");
  private static final Pattern COMMAND_BLOCK =
      Pattern.compile("(?m)^\\./diptych ((?:.*\\\\\\R)*.*)$");
  private static final Pattern INLINE_COMMAND = Pattern.compile("`\\./diptych\\s([^`]+)`");
  private static final Pattern OPTION = Pattern.compile("`(--[a-z][a-z0-9-]*)[^`\\n]*`");
  private static final Pattern WORD = Pattern.compile("\"[^\"]*\"|'[^']*'|\\S+");
  private static final Pattern COUNTED =
      Pattern.compile("(?m)^\\|[^(\\n]*\\]\\(([^)\\s]+\\.java)\\).*\\| (\\d+) \\|$");

  private static List<Path> documents() throws IOException {
    List<Path> documents = new ArrayList<>();
    documents.add(ROOT.resolve("README.md"));
    documents.add(ROOT.resolve("CONTRIBUTING.md"));
    documents.add(ROOT.resolve("CHANGELOG.md"));
    try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
    }
    return documents;
  }

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  @Test
  void everyRelativeLinkLeadsToAFile() throws IOException {
    List<String> broken = new ArrayList<>();
    int links = 0;
    for (Path document : documents()) {
      Path folder = Objects.requireNonNull(document.getParent());
      for (MatchResult link : LINK.matcher(Files.readString(document)).results().toList()) {
        String target = link.group(1).replaceAll("#.*", "");
        if (target.isEmpty() || target.matches("[a-z]+:.*")) {
          continue;
        }
        links++;
        Path file = folder.resolve(target).normalize();
        if (!file.startsWith(ROOT) || !Files.exists(file)) {
          broken.add(ROOT.relativize(document) + " → " + target);
        }
      }
    }
    assertThat(broken).isEmpty();
    assertThat(links).isGreaterThan(20);
  }

  @Test
  void everyCommandOfTheDocumentsIsUnderstood() throws IOException {
    Set<String> seen = new TreeSet<>();
    for (Path document : documents()) {
      for (MatchResult command :
          COMMAND_BLOCK.matcher(Files.readString(document)).results().toList()) {
        List<String> words =
            words(command.group(1).replaceAll("\\\\\\R", " ").replaceAll("\\s+[#|>] .*", ""));
        seen.add(words.getFirst());
        assertThatCode(
                () -> // throws at what it knows not
                Main.commandLine().parseArgs(words.toArray(new String[0])))
            .as("%s: %s", document.getFileName(), command.group(1))
            .doesNotThrowAnyException();
      }
    }
    assertThat(seen)
        .contains("demo", "train", "classify", "features", "tokenize", "preprocess", "bench");
  }

  @Test
  void everyOptionInTheTextExists() throws IOException {
    for (MatchResult command : INLINE_COMMAND.matcher(readme()).results().toList()) {
      List<String> words = words(command.group(1));
      if (words.getFirst().startsWith("-")) {
        Main.commandLine().parseArgs(words.toArray(new String[0]));
        continue;
      }
      CommandLine found = Main.commandLine();
      for (String word : words) { // evaluate retrieval is a command of a command
        CommandLine inner = found.getSubcommands().get(word);
        if (inner == null) {
          break;
        }
        found = inner;
      }
      assertThat(found.getParent()).as(command.group(1)).isNotNull();
      for (String word : words) {
        if (word.startsWith("--")) {
          assertThat(found.getCommandSpec().findOption(word.replaceAll("=.*", "")))
              .as("%s of ./diptych %s", word, command.group(1))
              .isNotNull();
        }
      }
    }
  }

  /** Options that stand alone in a text, such as {@code --resume}, belong to some command. */
  @Test
  void everyOptionThatIsNamedExists() throws IOException {
    Set<String> known = new TreeSet<>(Set.of("--add-modules"));
    addOptions(Main.commandLine(), known);
    int named = 0;
    for (Path document : documents()) {
      for (MatchResult option : OPTION.matcher(Files.readString(document)).results().toList()) {
        assertThat(known).as("%s", document.getFileName()).contains(option.group(1));
        named++;
      }
    }
    assertThat(named).isGreaterThan(10);
  }

  private static void addOptions(CommandLine command, Set<String> known) {
    known.addAll(command.getCommandSpec().optionsMap().keySet());
    command.getSubcommands().values().forEach(inner -> addOptions(inner, known));
  }

  @Test
  void aCommandThatIsUnknownWouldBeNoticed() {
    for (String wrong : new String[] {"teach --data x", "train --dataset x", "classify a.png"}) {
      assertThatThrownBy(() -> Main.commandLine().parseArgs(words(wrong).toArray(new String[0])))
          .isInstanceOf(CommandLine.ParameterException.class);
    }
  }

  /** The README asks about a purple star, which the demo must not have shown. */
  @Test
  void thePictureInTheReadmeIsOfWhatTheDemoNeverShows() throws IOException {
    CommandLine demo = Objects.requireNonNull(Main.commandLine().getSubcommands().get("demo"));
    long seed = Long.parseLong(demo.getCommandSpec().findOption("--seed").defaultValue());
    HeldOut heldOut = HeldOut.choose(new Philox(seed, Philox.stream(seed, 48)));
    assertThat(heldOut.holds(new Thing(Colour.PURPLE, Shape.STAR))).isTrue();
    assertThat(readme()).contains("A purple star is one of the eight", "docs/purple-star.png");
  }

  /** The reading path says how long each file is; a fifth more or less is still true enough. */
  @Test
  void filesAreAsLongAsTheReadingPathSays() throws IOException {
    int counted = 0;
    Matcher rows = COUNTED.matcher(readme());
    while (rows.find()) {
      Path file = ROOT.resolve(rows.group(1));
      assertThat((double) Files.readAllLines(file).size())
          .as("lines of %s", rows.group(1))
          .isCloseTo(Integer.parseInt(rows.group(2)), within(10 + 0.2 * count(rows.group(2))));
      counted++;
    }
    assertThat(counted).isGreaterThan(5);
  }

  private static double count(String digits) {
    return Integer.parseInt(digits);
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    for (MatchResult word : WORD.matcher(line.strip()).results().toList()) {
      words.add(word.group().replaceAll("^[\"']|[\"']$", ""));
    }
    return words;
  }
}
