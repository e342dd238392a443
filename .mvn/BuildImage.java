import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.spi.ToolProvider;
import java.util.stream.Stream;

/**
 * Makes a diptych that needs no Java: the distribution, a runtime linked by jlink beside it, and
 * JCuda's native code as a file. Fails if what it packs is larger than 60 MiB.
 *
 * <p>{@code java BuildImage.java DISTRIBUTION IMAGE GPU-RUN}: makes the folder IMAGE and IMAGE.tar.gz.
 */
final class BuildImage {
  private static final long MOST_BYTES = 60L << 20;

  /** What `jdeps --print-module-deps` says of the jars, and cryptography for https. */
  private static final List<String> MODULES =
      List.of(
          "java.base",
          "java.desktop",
          "java.management",
          "java.net.http",
          "java.sql",
          "jdk.crypto.ec",
          "jdk.httpserver",
          "jdk.incubator.vector",
          "jdk.unsupported");

  /** The one of JCuda's libraries that is used: the other, a compiler, is twenty times as large. */
  private static final String NATIVE = "lib/libJCudaDriver-";

  private BuildImage() {}

  public static void main(String[] args) throws Exception {
    Path distribution = Path.of(args[0]);
    Path image = Path.of(args[1]);
    remove(image);
    copy(distribution, image);
    Path run = image.resolve("gpu-run");
    Files.copy(Path.of(args[2]), run);
    Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));
    moveNatives(image.resolve("lib"));
    link(image.resolve("runtime"));
    Path packed = Path.of(image + ".tar.gz");
    pack(image, packed);
    long bytes = Files.size(packed);
    System.out.printf("%s: %.1f MiB%n", packed, bytes / (double) (1 << 20));
    if (bytes > MOST_BYTES) {
      System.err.println(packed + " is larger than the " + (MOST_BYTES >> 20) + " MiB it may have: what was added?");
      System.exit(1);
    }
  }

  private static void remove(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Path target = to.resolve(from.relativize(file));
              Files.createDirectories(target.getParent());
              if (!Files.isDirectory(file)) {
                Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }

  /** Takes the native code out of its jar, so that JCuda need not unpack it into a shared folder. */
  private static void moveNatives(Path lib) throws IOException {
    Optional<Path> found;
    try (Stream<Path> jars = Files.list(lib)) {
      found = jars.filter(jar -> jar.getFileName().toString().startsWith("jcuda-natives-")).findFirst();
    }
    if (found.isEmpty()) {
      return; // JCuda has none for this platform
    }
    Path folder = Files.createDirectory(lib.resolve("native"));
    try (JarFile jar = new JarFile(found.get().toFile())) {
      for (var entry : jar.stream().filter(one -> one.getName().startsWith(NATIVE)).toList()) {
        try (InputStream in = jar.getInputStream(entry)) {
          Files.copy(in, folder.resolve(entry.getName().substring("lib/".length())));
        }
      }
    }
    Files.delete(found.get());
  }

  private static void link(Path runtime) {
    int code =
        ToolProvider.findFirst("jlink")
            .orElseThrow()
            .run(
                System.out,
                System.err,
                "--compress",
                "zip-9",
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--add-modules",
                String.join(",", MODULES),
                "--output",
                runtime.toString());
    if (code != 0) {
      System.exit(code);
    }
  }

  private static void pack(Path image, Path packed) throws IOException, InterruptedException {
    Files.deleteIfExists(packed);
    int code =
        new ProcessBuilder(
                "tar",
                "-czf",
                packed.toString(),
                "-C",
                image.getParent().toString(),
                image.getFileName().toString())
            .inheritIO()
            .start()
            .waitFor();
    if (code != 0) {
      System.exit(code);
    }
  }
}
