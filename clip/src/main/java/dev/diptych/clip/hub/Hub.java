package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import dev.diptych.clip.report.ProgressLine;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.ObjectMapper;

/**
 * Models from a Hugging Face hub, or from anything that speaks its file API.
 *
 * <pre>{@code
 * Path folder = Hub.fromEnvironment().pull("openai/clip-vit-base-patch32");
 * try (Diptych model = Diptych.load(folder)) { … }
 * }</pre>
 *
 * What is in the cache already is not fetched again; what was interrupted goes on where it was.
 * Several threads and processes may pull at once: each content is fetched by one of them.
 */
public final class Hub {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int LONGEST_CONFIG = 1 << 20;

  private final HubSettings settings;
  private final HubCache cache;
  private final Duration patience;
  private final Retries.Sleeper sleeper;
  private final PrintStream out;

  /** A hub that works in silence. */
  public Hub(HubSettings settings) {
    this(settings, new PrintStream(OutputStream.nullOutputStream()));
  }

  /** A hub that tells on {@code out} what it does and how far it is. */
  public Hub(HubSettings settings, PrintStream out) {
    this(settings, new HubCache(settings.cache()), PATIENCE, Thread::sleep, out);
  }

  Hub(
      HubSettings settings,
      HubCache cache,
      Duration patience,
      Retries.Sleeper sleeper,
      PrintStream out) {
    this.settings = settings;
    this.cache = cache;
    this.patience = patience;
    this.sleeper = sleeper;
    this.out = out;
  }

  /** The hub, cache and token that {@code huggingface_hub} would use; works in silence. */
  public static Hub fromEnvironment() {
    return new Hub(HubSettings.fromEnvironment());
  }

  /**
   * Pulls what a CLIP needs: see {@link #pull(String, PullOptions)}.
   *
   * @param name {@code owner/name}, or a published name such as {@code ViT-B/32}
   */
  public Path pull(String name) {
    return pull(name, PullOptions.DEFAULT);
  }

  /**
   * Brings a model into the cache.
   *
   * @param name {@code owner/name}, or a published name such as {@code ViT-B/32}
   * @return the folder that holds its files, of one commit
   * @throws UserException if it cannot be had; what has come is kept for the next time
   */
  public Path pull(String name, PullOptions options) {
    RepoId repo = RepoId.of(name);
    if (settings.offline()) {
      Path folder =
          options.includes().isEmpty()
              ? cache.find(repo, options.revision())
              : cache.findAny(repo, options.revision());
      if (folder == null) {
        throw new UserException(
            "%s at revision '%s' is not in the cache %s, and nothing is fetched offline (--offline, HF_HUB_OFFLINE)"
                .formatted(repo, options.revision(), settings.cache()));
      }
      return folder;
    }
    try (HubHttp http = new HubHttp(settings, patience)) {
      return pull(http, repo, options);
    } catch (IOException e) {
      throw new UserException(
          "the cache %s cannot be used: %s; another one is named by --cache or HF_HOME"
              .formatted(settings.cache(), UserException.reason(e)),
          e);
    }
  }

  private Path pull(HubHttp http, RepoId repo, PullOptions options) throws IOException {
    HubApi api = new HubApi(http, settings, sleeper);
    String commit = api.commit(repo, options.revision());
    out.println(repo + " at " + commit);
    List<HubFile> all = api.files(repo, commit);
    List<HubFile> files = FileChoice.matching(all, options.includes(), options.excludes());
    List<HubFile> pulled = new ArrayList<>();
    if (options.includes().isEmpty()) {
      List<HubFile> descriptions = FileChoice.descriptions(files);
      fetch(http, repo, commit, descriptions);
      pulled.addAll(descriptions);
      List<HubFile> weights =
          FileChoice.weights(files, isTransformers(repo, commit, descriptions), repo);
      tellLeftOut(all, descriptions, weights);
      fetch(http, repo, commit, weights);
      pulled.addAll(weights);
    } else {
      fetch(http, repo, commit, files);
      pulled.addAll(files);
    }
    if (pulled.isEmpty()) {
      throw new UserException(
          "%s: no file matches; there are %s".formatted(repo, FileChoice.names(all)));
    }
    cache.remember(repo, options.revision(), commit); // last: a name stands for what is whole
    return cache.snapshot(repo, commit);
  }

  private void tellLeftOut(List<HubFile> all, List<HubFile> some, List<HubFile> others) {
    List<HubFile> left = new ArrayList<>(all);
    left.removeAll(some);
    left.removeAll(others);
    if (!left.isEmpty()) {
      long bytes = left.stream().mapToLong(HubFile::size).sum();
      out.printf(
          "left out (--include takes them): %s; %s%n",
          FileChoice.names(left), ProgressLine.byteCount(bytes));
    }
  }

  /** Whether config.json says that model.safetensors is a CLIP of transformers. */
  private boolean isTransformers(RepoId repo, String commit, List<HubFile> descriptions)
      throws IOException {
    for (HubFile file : descriptions) {
      if (file.path().equals("config.json") && file.size() <= LONGEST_CONFIG) {
        String text = Files.readString(cache.pointer(repo, commit, file));
        try {
          return new ObjectMapper().readTree(text).path("model_type").asString("").equals("clip");
        } catch (JacksonException e) {
          return false; // reading the model will say so
        }
      }
    }
    return false;
  }

  private void fetch(HubHttp http, RepoId repo, String commit, List<HubFile> files)
      throws IOException {
    for (HubFile file : files) {
      if (!cache.holds(repo, commit, file)) {
        fetch(http, repo, commit, file);
      }
    }
  }

  private void fetch(HubHttp http, RepoId repo, String commit, HubFile file) throws IOException {
    Path blob = cache.blob(repo, file);
    Files.createDirectories(cache.folder(repo).resolve("blobs"));
    Runnable waiting = () -> out.println(file.path() + ": another pull is at it; waiting for that");
    try (BlobLock _ = BlobLock.take(cache.lockFile(repo, file), waiting)) {
      if (cache.holds(repo, commit, file)) {
        return; // the other one got it
      }
      if (!Files.isRegularFile(blob) || Files.size(blob) != file.size()) {
        try (ProgressLine progress = ProgressLine.bytes(out, file.path(), file.size())) {
          new BlobDownload(http, repo, commit, file, blob, progress).fetch(blob, sleeper);
        }
      }
      cache.show(repo, commit, file);
    }
  }
}
