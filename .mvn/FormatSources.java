import com.google.googlejavaformat.java.Main;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Holds every Java source to google-java-format and to at most 600 lines, run by the build on JDK
 * 25. {@code check} refuses and names the files; {@code fix} (mvn -Pformat validate) rewrites them.
 */
final class FormatSources {
  private static final List<String> MODULES =
      List.of("kernels", "tensor", "autograd", "clip", "bench");
  private static final int MAX_LINES = 600;

  public static void main(String[] args) throws Exception {
    boolean fix = args[0].equals("fix");
    Path root = Path.of(args[1]);
    List<String> sources = new ArrayList<>();
    List<String> tooLong = new ArrayList<>();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(root.resolve(module))) {
        for (Path file : (Iterable<Path>) files.filter(FormatSources::isSource)::iterator) {
          sources.add(file.toString());
          if (countLines(file) > MAX_LINES) {
            tooLong.add(file + " has " + countLines(file) + " lines");
          }
        }
      }
    }
    if (!tooLong.isEmpty()) {
      System.err.println("Files over " + MAX_LINES + " lines do not fit a sitting: split them.");
      tooLong.forEach(System.err::println);
      System.exit(1);
    }
    List<String> arguments =
        new ArrayList<>(fix ? List.of("--replace") : List.of("--dry-run", "--set-exit-if-changed"));
    arguments.addAll(sources);
    PrintWriter out = new PrintWriter(System.out, true);
    PrintWriter err = new PrintWriter(System.err, true);
    int result = new Main(out, err, System.in).format(arguments.toArray(new String[0]));
    if (result != 0) {
      System.err.println("The files above are not formatted: run mvn -Pformat validate");
    }
    System.exit(result);
  }

  private static boolean isSource(Path file) {
    String name = file.toString();
    return name.endsWith(".java") && !name.contains("/target/");
  }

  private static long countLines(Path file) {
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
