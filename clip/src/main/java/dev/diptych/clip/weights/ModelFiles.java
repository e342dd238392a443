package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.tensor.io.SafetensorsException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Finds out what kind of model a path names, and reads it. */
public final class ModelFiles {
  private ModelFiles() {}

  /**
   * Reads a model: a safetensors file with OpenAI's names, a Hugging Face directory, or the newest
   * checkpoint of a run.
   *
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Clip load(Path path) {
    try {
      if (Files.isDirectory(path)) {
        return loadDirectory(path);
      }
      if (!Files.exists(path)) {
        throw new UserException(
            "there is no model at " + path + ": give a .safetensors file or a folder");
      }
      return OpenAiWeights.read(path);
    } catch (SafetensorsException | NoSuchFileException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw new UserException(
          "the model " + path + " cannot be read: " + UserException.reason(e), e);
    }
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
