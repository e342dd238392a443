package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.clip.hub.HubCache;
import dev.diptych.clip.hub.PullOptions;
import dev.diptych.clip.hub.RepoId;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Finds out what kind of model a path names, and reads it. */
public final class ModelFiles {
  private ModelFiles() {}

  /**
   * Reads a model: a safetensors file with OpenAI's names, a Hugging Face directory, or the newest
   * checkpoint of a run; or what {@link #locate} finds under a hub's name.
   *
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Clip load(Path name) {
    Path path = locate(name);
    try {
      if (Files.isDirectory(path)) {
        return loadDirectory(path);
      }
      return OpenAiWeights.read(path);
    } catch (TensorFileException | NoSuchFileException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new UserException(
          "the model " + path + " cannot be read: " + UserException.reason(e), e);
    }
  }

  /**
   * The model's own path: the one given if there is something; otherwise, if it reads as a model's
   * name on a hub such as {@code openai/clip-vit-base-patch32} or {@code ViT-B/32}, its folder in
   * the cache. Nothing is ever downloaded here.
   *
   * @throws UserException if it is in neither place
   */
  public static Path locate(Path path) {
    return locate(path, HubCache::fromEnvironment);
  }

  static Path locate(Path path, Supplier<HubCache> cache) {
    if (Files.exists(path)) {
      return path;
    }
    String name = path.toString().replace('\\', '/');
    RepoId repo = isFileName(name) ? null : RepoId.parse(name).orElse(null);
    if (repo == null) {
      throw new UserException(
          "there is no model at " + path + ": give a .safetensors file or a folder");
    }
    Path pulled = cache.get().find(repo, PullOptions.DEFAULT.revision());
    if (pulled == null) {
      throw new UserException(
          "there is no model at %s, neither a file or folder nor pulled from a hub; fetch it with: ./diptych pull %s"
              .formatted(path, repo));
    }
    return pulled;
  }

  private static boolean isFileName(String name) {
    return name.matches("(?i).*\\.(safetensors|pt|pth|bin|npz|onnx|zip)");
  }

  private static Clip loadDirectory(Path directory) throws IOException {
    if (RunFolder.isRun(directory)) {
      Path checkpoint = new RunFolder(directory).latestCheckpoint();
      if (checkpoint == null) {
        throw new UserException("the run " + directory + " has no checkpoint yet");
      }
      return OpenAiWeights.read(checkpoint);
    }
    if (Files.exists(directory.resolve("config.json"))) {
      return HuggingFaceWeights.read(directory);
    }
    throw new UserException(
        directory
            + " holds no model: expected config.json and model.safetensors (Hugging Face), or the"
            + " config.json and checkpoints/ of a run");
  }

  /** The vocabulary in the folder of a model, or null if there is none. */
  public static @Nullable Path vocabularyBeside(Path model) {
    Path absolute = model.toAbsolutePath();
    Path folder = Files.isDirectory(absolute) ? absolute : absolute.getParent();
    for (int up = 0; up < 2 && folder != null; up++) { // a checkpoint's run is one folder up
      for (String name : new String[] {"vocab.json", "bpe_simple_vocab_16e6.txt.gz"}) {
        if (Files.exists(folder.resolve(name))) {
          return folder.resolve(name);
        }
      }
      folder = folder.getParent();
    }
    return null;
  }
}
