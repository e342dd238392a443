package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Models on disk, as Python's {@code huggingface_hub} lays them out:
 *
 * <pre>
 * models--owner--name/blobs/HASH                      contents, each once
 *                     snapshots/COMMIT/config.json    → ../../blobs/HASH
 *                     refs/main                       holds COMMIT
 * </pre>
 *
 * Where links cannot be made, as on Windows without the right to, a snapshot holds the files
 * themselves; Python does the same.
 */
public final class HubCache {
  private static final Pattern REVISION = Pattern.compile("[\\w.+-]+(/[\\w.+-]+)*");

  /** Makes a symbolic link; tests take that away. */
  @FunctionalInterface
  interface Linker {
    /** Makes {@code link} lead to {@code target}. */
    void link(Path link, Path target) throws IOException;
  }

  private final Path root;
  private final Linker linker;

  /** The cache in a folder, which need not exist. */
  public HubCache(Path root) {
    this(root, Files::createSymbolicLink);
  }

  HubCache(Path root, Linker linker) {
    this.root = root.toAbsolutePath().normalize();
    this.linker = linker;
  }

  /** The cache that {@code huggingface_hub} would use in this environment. */
  public static HubCache fromEnvironment() {
    return new HubCache(HubSettings.cache(System.getenv(), HubSettings.home()));
  }

  /**
   * The folder of a model that has been pulled, by us or by Python.
   *
   * @param revision a branch, a tag or a commit
   * @return null if it is not here
   */
  public @Nullable Path find(RepoId repo, String revision) {
    Path snapshot = findAny(repo, revision);
    return snapshot != null && FileChoice.hasWeights(names(snapshot)) ? snapshot : null;
  }

  /** As {@link #find}, but also if only some other files are here. */
  @Nullable Path findAny(RepoId repo, String revision) {
    String commit = commit(repo, revision);
    if (commit == null) {
      return null;
    }
    Path snapshot = snapshot(repo, commit);
    return Files.isDirectory(snapshot) ? snapshot : null;
  }

  /** The commit that a revision named when it was last pulled, or null. */
  private @Nullable String commit(RepoId repo, String revision) {
    checkRevision(revision);
    if (HubFile.isCommit(revision)) {
      return revision;
    }
    Path file = folder(repo).resolve("refs").resolve(revision);
    try {
      String commit =
          Files.isRegularFile(file) && Files.size(file) < 1000
              ? Files.readString(file).strip()
              : "";
      return HubFile.isCommit(commit) ? commit : null;
    } catch (IOException e) {
      throw new UserException(file + " cannot be read: " + UserException.reason(e), e);
    }
  }

  /** Notes what a revision names; what is pulled by commit needs no note. */
  void remember(RepoId repo, String revision, String commit) throws IOException {
    if (!HubFile.isCommit(revision)) {
      AtomicFile.writeText(folder(repo).resolve("refs").resolve(revision), commit);
    }
  }

  static void checkRevision(String revision) {
    if (!REVISION.matcher(revision).matches()
        || revision.contains("..")
        || revision.length() > 200
        || List.of(revision.split("/", -1)).contains(".")) {
      throw new UserException(
          "'%s' is no revision: expected a branch, a tag or a commit, such as main"
              .formatted(HubFile.printable(revision)));
    }
  }

  Path folder(RepoId repo) {
    return root.resolve(repo.folder());
  }

  Path snapshot(RepoId repo, String commit) {
    return folder(repo).resolve("snapshots").resolve(commit);
  }

  Path blob(RepoId repo, HubFile file) {
    return folder(repo).resolve("blobs").resolve(file.etag());
  }

  Path lockFile(RepoId repo, HubFile file) {
    return root.resolve(".locks").resolve(repo.folder()).resolve(file.etag() + ".diptych.lock");
  }

  /** Where a file of a commit is, or is to be. */
  Path pointer(RepoId repo, String commit, HubFile file) {
    Path snapshot = snapshot(repo, commit);
    Path pointer = snapshot.resolve(file.path()).normalize();
    if (!pointer.startsWith(snapshot) || pointer.equals(snapshot)) {
      throw new UserException(
          "the hub lists a file '%s' whose name leaves its folder".formatted(file.path()));
    }
    return pointer;
  }

  /** Whether a file of a commit is here; contents were checked when they came. */
  boolean holds(RepoId repo, String commit, HubFile file) throws IOException {
    Path pointer = pointer(repo, commit, file);
    if (!Files.isRegularFile(pointer) || Files.size(pointer) != file.size()) {
      return false;
    }
    return !Files.isSymbolicLink(pointer) || Files.readSymbolicLink(pointer).endsWith(file.etag());
  }

  /** Makes the content in {@code blobs} appear under its name in the snapshot. */
  void show(RepoId repo, String commit, HubFile file) throws IOException {
    Path blob = blob(repo, file);
    Path pointer = pointer(repo, commit, file);
    Path parent = parent(pointer);
    Files.createDirectories(parent);
    if (Files.exists(pointer, LinkOption.NOFOLLOW_LINKS)) {
      Files.delete(pointer);
    }
    try {
      linker.link(pointer, parent.relativize(blob));
    } catch (UnsupportedOperationException | IOException e) {
      Files.move(blob, pointer, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalArgumentException(path + " has no folder");
    }
    return parent;
  }

  private static List<String> names(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(Files::isRegularFile).map(f -> f.getFileName().toString()).toList();
    } catch (IOException e) {
      throw new UserException(folder + " cannot be read: " + UserException.reason(e), e);
    }
  }
}
