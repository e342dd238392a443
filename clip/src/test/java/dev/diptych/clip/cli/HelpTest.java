package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** All commands explain themselves in the same way. */
class HelpTest {
  private static Stream<CommandSpec> commands(CommandLine line) {
    return Stream.concat(
        Stream.of(line.getCommandSpec()),
        line.getSubcommands().values().stream().flatMap(HelpTest::commands));
  }

  private static Stream<OptionSpec> options() {
    return commands(Main.commandLine()).flatMap(command -> command.options().stream());
  }

  /** The list of commands shows the first line of each description, and nothing after it. */
  @Test
  void theFirstLineOfEveryCommandIsASentence() {
    assertThat(commands(Main.commandLine()).toList())
        .hasSizeGreaterThan(15)
        .allSatisfy(command ->
            assertThat(command.usageMessage().description()[0])
                .as(command.qualifiedName())
                .endsWith("."));
  }

  @Test
  void valuesHaveNamesInCapitals() {
    assertThat(options().filter(option -> option.arity().max() > 0).toList())
        .hasSizeGreaterThan(100)
        .allSatisfy(option ->
            assertThat(option.paramLabel())
                .as("%s of %s", option.longestName(), option.command().qualifiedName())
                .matches("[A-Z]+(\\|[A-Z]+)*"));
  }

  @Test
  void defaultsAreTold() {
    assertThat(options().filter(option -> option.defaultValue() != null).toList())
        .hasSizeGreaterThan(30)
        .allSatisfy(option ->
            assertThat(String.join(" ", option.description()))
                .as("%s of %s", option.longestName(), option.command().qualifiedName())
                .contains("Default: "));
  }
}
