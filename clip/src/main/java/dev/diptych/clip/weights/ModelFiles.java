package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.clip.hub.HubCache;
import dev.diptych.clip.hub.PullOptions;
import dev.diptych.clip.hub.RepoId;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.train.RunFolder;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds out what kind of model a path names, and reads it. */
public final class ModelFiles {
  /** Files of weights in directories, the best first; {@code ./diptych pull} chooses alike. */
  static final List<String> WEIGHTS =
      List.of(
          "model.safetensors",
          "model.safetensors.index.json",
          "open_clip_model.safetensors",
          "open_clip_pytorch_model.safetensors",
          "open_clip_pytorch_model.bin",
          "pytorch_model.bin",
          "pytorch_model.bin.index.json");

  /** The same where model.safetensors may be another library's. */
  static final List<String> OPEN_CLIP_FIRST =
      Stream.of(WEIGHTS.subList(2, 5), WEIGHTS.subList(0, 2), WEIGHTS.subList(5, WEIGHTS.size()))
          .flatMap(List::stream)
          .toList();

  private static final String ANY_WEIGHTS = "(?i).*\\.(safetensors|pt|pth|bin)";

  private ModelFiles() {}

  /**
   * Reads a model, see {@link #read}.
   *
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Clip load(Path name) {
    return read(name, null).clip();
  }

  /**
   * Reads a model: a file of tensors in any of the {@link Layout}s, a directory of Hugging Face's
   * or open_clip's, or the newest checkpoint of a run; or what {@link #locate} finds under a hub's
   * name.
   *
   * @param activation of the MLPs, if it is not what the checkpoint says; null takes that, or a
   *     guess that is logged as a warning if it says nothing
   * @throws UserException if there is no model there, or a damaged one
   */
  public static LoadedModel read(Path name, @Nullable Activation activation) {
    Path path = locate(name);
    try {
      return ModelReader.read(Files.isDirectory(path) ? weightsIn(path) : path, activation);
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
          "there is no model at " + path + ": give a .safetensors, .pt or .bin file, or a folder");
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

  /** The file with the weights of the model in a directory, or with the index of several. */
  private static Path weightsIn(Path directory) throws IOException {
    if (RunFolder.isRun(directory)) {
      Path checkpoint = new RunFolder(directory).latestCheckpoint();
      if (checkpoint == null) {
        throw new UserException("the run " + directory + " has no checkpoint yet");
      }
      return checkpoint;
    }
    for (String name : isHuggingFaces(directory) ? WEIGHTS : OPEN_CLIP_FIRST) {
      if (Files.exists(directory.resolve(name))) {
        return directory.resolve(name);
      }
    }
    List<Path> others;
    try (Stream<Path> files = Files.list(directory)) {
      others = files.filter(file -> file.toString().matches(ANY_WEIGHTS)).sorted().toList();
    }
    if (others.size() == 1) {
      return others.getFirst();
    }
    if (others.isEmpty()) {
      throw new UserException(
          "%s holds no model: expected %s, or the config.json and checkpoints/ of a run"
              .formatted(directory, String.join(", ", WEIGHTS)));
    }
    throw new UserException(
        "%s holds several files that could be the model; name one of them: %s"
            .formatted(
                directory,
                others.stream()
                    .map(file -> String.valueOf(file.getFileName()))
                    .collect(Collectors.joining(", "))));
  }

  private static boolean isHuggingFaces(Path directory) throws IOException {
    Path config = directory.resolve(HuggingFaceConfig.FILE);
    return Files.exists(config) && HuggingFaceConfig.isClip(StatedModel.json(config));
  }

  /**
   * The tokenizer of a model.
   *
   * @param path the model's own path, see {@link #locate}
   * @param vocabulary null looks beside the model
   * @return null if there is none beside it
   * @throws UserException if it is damaged, or of another size than the model's
   */
  public static @Nullable Tokenizer tokenizer(Path path, @Nullable Path vocabulary, Clip clip) {
    Path found = vocabulary != null ? vocabulary : vocabularyBeside(path);
    Tokenizer tokenizer = found == null ? null : Tokenizer.load(found);
    if (tokenizer != null && tokenizer.size() != clip.config().text().vocabularySize()) {
      throw new UserException(
          "the vocabulary %s has %d tokens, the model %s was trained with %d: give the model's own with --vocab"
              .formatted(found, tokenizer.size(), path, clip.config().text().vocabularySize()));
    }
    return tokenizer;
  }

  /** The vocabulary in the folder of a model, or null if there is none. */
  public static @Nullable Path vocabularyBeside(Path model) {
    Path absolute = model.toAbsolutePath();
    Path folder = Files.isDirectory(absolute) ? absolute : absolute.getParent();
    for (int up = 0; up < 2 && folder != null; up++) { // a checkpoint's run is one folder up
      for (String name :
          new String[] {"vocab.json", "tokenizer.json", "bpe_simple_vocab_16e6.txt.gz"}) {
        if (Files.exists(folder.resolve(name))) {
          return folder.resolve(name);
        }
      }
      folder = folder.getParent();
    }
    return null;
  }
}
