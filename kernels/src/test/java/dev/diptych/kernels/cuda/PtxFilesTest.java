package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The PTX that ships is what {@code cuda-build} made of the sources that ship. */
class PtxFilesTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/diptych/kernels");
  private static final Path RESOURCES = Path.of("src/main/resources/dev/diptych/kernels");
  private static final Path TABLE = Path.of("ptxas.txt");
  private static final Pattern INCLUDE = Pattern.compile("^#include \"(.*)\"$", Pattern.MULTILINE);

  private static List<Path> files(Path folder, String extension) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(file -> file.toString().endsWith(extension)).sorted().toList();
    }
  }

  private static Path ptx(Path source) {
    String path = SOURCES.relativize(source).toString().replaceFirst("\\.cu$", ".ptx");
    return RESOURCES.resolve(path);
  }

  @Test
  void everySourceHasItsPtx() throws Exception {
    List<Path> sources = files(SOURCES, ".cu");
    assertThat(sources).isNotEmpty();
    for (Path source : sources) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digestParts(source, digest);
      String hash = HexFormat.of().formatHex(digest.digest());
      assertThat(Files.readString(ptx(source)).lines().findFirst())
          .as("%s has changed since its PTX was made: run kernels/cuda-build", source)
          .hasValue("// source sha256 " + hash);
    }
  }

  /** The source, then each header that it includes with what that includes. */
  private static void digestParts(Path source, MessageDigest digest) throws IOException {
    digest.update(Files.readAllBytes(source));
    Matcher include = INCLUDE.matcher(Files.readString(source));
    while (include.find()) {
      digestParts(source.resolveSibling(include.group(1)), digest);
    }
  }

  @Test
  void everyPtxHasItsSourceAndIsReadByDriversFromCuda12On() throws IOException {
    List<Path> sources = new ArrayList<>(files(SOURCES, ".cu"));
    sources.replaceAll(PtxFilesTest::ptx);
    assertThat(files(RESOURCES, ".ptx")).containsExactlyInAnyOrderElementsOf(sources);
    for (Path ptx : sources) {
      assertThat(Files.readString(ptx)).as("%s", ptx).contains("\n.version 8.0\n.target sm_80\n");
    }
  }

  /** A kernel's line in the table: its name, then registers, shared memory and spills, twice. */
  private static List<String[]> table() throws IOException {
    return Files.readAllLines(TABLE).stream()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.trim().split(" +"))
        .toList();
  }

  @Test
  void theTableHasEveryKernel() throws IOException {
    List<String> kernels = new ArrayList<>();
    Pattern entry = Pattern.compile("\\.entry (\\w+)\\(");
    for (Path ptx : files(RESOURCES, ".ptx")) {
      String module = ptx.getFileName().toString().replace(".ptx", "");
      Matcher matcher = entry.matcher(Files.readString(ptx));
      while (matcher.find()) {
        kernels.add(module + "/" + matcher.group(1));
      }
    }
    assertThat(table().stream().map(line -> line[0]))
        .as("kernels/ptxas.txt: run kernels/cuda-build")
        .containsExactlyInAnyOrderElementsOf(kernels);
  }

  @Test
  void noKernelSpillsWithoutAReasonInItsSource() throws IOException {
    for (String[] line : table()) {
      if (line[3].equals("0") && line[6].equals("0")) {
        continue;
      }
      String module = line[0].substring(0, line[0].indexOf('/'));
      String kernel = line[0].substring(module.length() + 1);
      Path source =
          files(SOURCES, ".cu").stream()
              .filter(file -> file.endsWith(module + ".cu"))
              .findFirst()
              .orElseThrow();
      assertThat(Files.readString(source))
          .as("%s spills: say why in a line 'Spills' of %s", kernel, source)
          .containsPattern("// Spills .*\\b" + kernel + "\\b");
    }
  }

  /**
   * Where ptxas is installed, it accepts every module, and if it is the version that the table was
   * made with it says of them what the table says.
   */
  @Test
  void ptxasAcceptsTheModulesAndAgreesWithTheTable() throws Exception {
    assumeTrue(
        Stream.of(System.getenv("PATH").split(java.io.File.pathSeparator))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "ptxas"))),
        "ptxas is not in the PATH");
    String release = output("ptxas", "--version");
    String made = Files.readString(TABLE).lines().skip(2).findFirst().orElseThrow();
    boolean isTheTables = release.contains("release " + made.substring("# ptxas ".length()) + ",");
    for (Path ptx : files(RESOURCES, ".ptx")) {
      String module = ptx.getFileName().toString().replace(".ptx", "");
      for (int target = 0; target < 2; target++) {
        String sm = target == 0 ? "sm_80" : "sm_90";
        List<String> found = output("./cuda-resources", sm, ptx.toString()).lines().toList();
        if (!isTheTables) {
          continue;
        }
        int first = 1 + 3 * target;
        List<String> expected =
            table().stream()
                .filter(line -> line[0].startsWith(module + "/"))
                .map(line ->
                    String.join(
                        " ",
                        line[0].substring(module.length() + 1),
                        line[first],
                        line[first + 1],
                        line[first + 2]))
                .toList();
        assertThat(found).as("%s for %s", ptx, sm).containsExactlyInAnyOrderElementsOf(expected);
      }
    }
  }

  private static String output(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", String.join(" ", command), text).isZero();
    return text;
  }
}
