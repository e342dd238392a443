package dev.diptych.clip.zeroshot;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Sentences with {@code {}} where the name of a class goes: sets of them by name, and those in
 * files, one a line. Several describe a class better than one (CLIP paper §3.1.4): on ImageNet the
 * 80 of the paper gain 3.5 points of accuracy over {@code a photo of a {}.}.
 */
public final class Templates {
  /** What the paper puts a label into when nothing better is known. */
  public static final List<String> SIMPLE = List.of("a photo of a {}.");

  /**
   * The sets that come with the program: {@code simple} is {@link #SIMPLE}; {@code imagenet} the 80
   * of OpenAI's notebook; {@code imagenet-7} the seven that were selected among them, which do as
   * well for a tenth of the work; {@code cifar} the 18 for CIFAR-10 and CIFAR-100.
   */
  public static final List<String> NAMES = List.of("simple", "imagenet", "imagenet-7", "cifar");

  /** How CLIP_benchmark writes the place of the name in its zeroshot_classification_templates. */
  private static final String BENCHMARK_PLACE = "{c}";

  private Templates() {}

  /**
   * The templates of a set of {@link #NAMES}.
   *
   * @throws UserException if there is no such set
   */
  public static List<String> named(String name) {
    if (!NAMES.contains(name)) {
      throw new UserException(
          "there are no templates called '%s'; known are %s"
              .formatted(name, String.join(", ", NAMES)));
    }
    return name.equals("simple") ? SIMPLE : NamedLists.named("templates", name);
  }

  /**
   * The templates of a set of {@link #NAMES}, or else those in a file, see {@link #read}; a file
   * that is called like a set is {@code ./imagenet}.
   *
   * @throws UserException if it is neither, or a line has no place for the name
   */
  public static List<String> load(String nameOrFile) {
    return NAMES.contains(nameOrFile)
        ? named(nameOrFile)
        : read(NamedLists.path(nameOrFile), NAMES);
  }

  /**
   * Reads the templates in a file, one a line; the place of the name is {@code {}}, or {@code {c}}
   * as in CLIP_benchmark's {@code zeroshot_classification_templates.txt}.
   *
   * @throws UserException if there is no such file, it is not UTF-8, it holds no template, or a
   *     line has no place for the name
   */
  public static List<String> read(Path file) {
    return read(file, List.of());
  }

  private static List<String> read(Path file, List<String> known) {
    List<String> templates = new ArrayList<>();
    for (String line : NamedLists.read(file, "template", known)) {
      String template = line.replace(BENCHMARK_PLACE, "{}");
      if (!template.contains("{}")) {
        throw new UserException(
            file + ": the template '" + line + "' has no {} (or {c}) for the name of a class");
      }
      templates.add(template);
    }
    return List.copyOf(templates);
  }
}
