package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which files of a model are pulled. Models lie on the hub in several forms at once, each of
 * hundreds of megabytes; one is enough.
 */
final class FileChoice {
  /** What describes a model and its texts; whatever of it is there. */
  private static final Set<String> SMALL =
      Set.of(
          "config.json",
          "open_clip_config.json",
          "preprocessor_config.json",
          "processor_config.json",
          "tokenizer.json",
          "tokenizer_config.json",
          "special_tokens_map.json",
          "added_tokens.json",
          "vocab.json",
          "merges.txt",
          "bpe_simple_vocab_16e6.txt.gz");

  /** The forms of weights, the best first: an expression for the file or for all its parts. */
  private static final List<Pattern> FORMS =
      List.of(
          Pattern.compile("model\\.safetensors"),
          Pattern.compile(
              "model\\.safetensors\\.index\\.json|model-\\d{5}-of-\\d{5}\\.safetensors"),
          Pattern.compile("open_clip_model\\.safetensors"),
          Pattern.compile("open_clip_pytorch_model\\.safetensors"),
          Pattern.compile("open_clip_pytorch_model\\.bin"),
          Pattern.compile("pytorch_model\\.bin"),
          Pattern.compile(
              "pytorch_model\\.bin\\.index\\.json|pytorch_model-\\d{5}-of-\\d{5}\\.bin"));

  /** Forms that are transformers' own if {@code config.json} is. */
  private static final int TRANSFORMERS_FORMS = 2;

  /** Other files that are weights, by name; taken if there is only one. */
  private static final Pattern OTHER = Pattern.compile("[^/]+\\.(safetensors|pt|bin|pth)");

  private FileChoice() {}

  /** The files that describe the model. */
  static List<HubFile> descriptions(Collection<HubFile> files) {
    return files.stream().filter(file -> SMALL.contains(file.path())).toList();
  }

  /**
   * The files of one form of weights.
   *
   * @param transformers whether config.json is that of transformers' {@code CLIPModel}; where it is
   *     another library's, so is {@code model.safetensors}, and open_clip's form is better
   * @throws UserException if there are none, or none that is clearly the one
   */
  static List<HubFile> weights(Collection<HubFile> files, boolean transformers, RepoId repo) {
    List<Pattern> forms = new ArrayList<>(FORMS);
    if (!transformers) {
      forms.addAll(FORMS.subList(0, TRANSFORMERS_FORMS));
      forms.subList(0, TRANSFORMERS_FORMS).clear();
    }
    for (Pattern form : forms) {
      List<HubFile> parts = matching(files, form);
      if (!parts.isEmpty()) {
        return parts;
      }
    }
    List<HubFile> others = matching(files, OTHER);
    if (others.size() == 1) {
      return others;
    }
    throw new UserException(
        "%s has %s: choose with --include; there are %s"
            .formatted(
                repo,
                others.isEmpty() ? "no weights of a known name" : "weights in several files",
                names(others.isEmpty() ? files : others)));
  }

  /** Whether a folder with these files has weights that are whole as far as names can tell. */
  static boolean hasWeights(Collection<String> names) {
    return names.stream().anyMatch(OTHER.asMatchPredicate());
  }

  /** The files that a user's patterns name. */
  static List<HubFile> matching(
      Collection<HubFile> files, List<String> includes, List<String> excludes) {
    Predicate<String> included = any(includes);
    Predicate<String> excluded = any(excludes);
    return files.stream()
        .filter(file -> includes.isEmpty() || included.test(file.path()))
        .filter(file -> !excluded.test(file.path()))
        .toList();
  }

  private static List<HubFile> matching(Collection<HubFile> files, Pattern pattern) {
    return files.stream().filter(file -> pattern.matcher(file.path()).matches()).toList();
  }

  /** Patterns as those of {@code huggingface-cli download}: a {@code *} passes slashes too. */
  private static Predicate<String> any(List<String> globs) {
    return globs.stream()
        .map(FileChoice::regex)
        .map(Pattern::asMatchPredicate)
        .reduce(path -> false, Predicate::or);
  }

  private static Pattern regex(String glob) {
    StringBuilder regex = new StringBuilder();
    for (char c : (glob.endsWith("/") ? glob + "*" : glob).toCharArray()) {
      regex.append(
          switch (c) {
            case '*' -> ".*";
            case '?' -> ".";
            default -> Pattern.quote(String.valueOf(c));
          });
    }
    return Pattern.compile(regex.toString());
  }

  /** Up to a dozen names. */
  static String names(Collection<HubFile> files) {
    List<String> names = files.stream().map(HubFile::path).toList();
    @Nullable String more = names.size() > 12 ? " and " + (names.size() - 12) + " more" : null;
    String first = String.join(", ", names.subList(0, Math.min(12, names.size())));
    return first.isEmpty() ? "no files" : more == null ? first : first + more;
  }
}
