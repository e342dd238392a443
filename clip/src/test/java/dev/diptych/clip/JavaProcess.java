package dev.diptych.clip;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of programs on the tests' class path, in a Java machine of their own. */
public final class JavaProcess {
  private JavaProcess() {}

  /** The command line of {@code main}, with the module that Diptych needs and other options. */
  public static List<String> command(Class<?> main, List<String> options, List<String> arguments) {
    List<String> all = new ArrayList<>(List.of("--add-modules", "jdk.incubator.vector"));
    all.addAll(options);
    return plainCommand(main, all, arguments);
  }

  /** The same without that module. */
  public static List<String> plainCommand(
      Class<?> main, List<String> options, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(options);
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    command.addAll(arguments);
    return command;
  }
}
