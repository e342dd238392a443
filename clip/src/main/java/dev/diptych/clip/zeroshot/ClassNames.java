package dev.diptych.clip.zeroshot;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import java.util.List;

/**
 * Names of classes: those of well-known data sets, as OpenAI edited them so that they say in words
 * what the pictures show, and those in files, one a line.
 */
public final class ClassNames {
  /**
   * The sets that come with the program: {@code imagenet} (1000 names in the order of its classes;
   * "missile" and "sunglasses" stand there twice, as in the original), {@code cifar10} and {@code
   * cifar100}.
   */
  public static final List<String> NAMES = List.of("imagenet", "cifar10", "cifar100");

  private ClassNames() {}

  /**
   * The names of a set of {@link #NAMES}, in the order of its classes.
   *
   * @throws UserException if there is no such set
   */
  public static List<String> named(String name) {
    if (!NAMES.contains(name)) {
      throw new UserException(
          "there are no class names called '%s'; known are %s"
              .formatted(name, String.join(", ", NAMES)));
    }
    return NamedLists.named("classes", name);
  }

  /**
   * The names of a set of {@link #NAMES}, or else those in a file; a file that is called like a set
   * is {@code ./imagenet}.
   *
   * @throws UserException if it is neither
   */
  public static List<String> load(String nameOrFile) {
    return NAMES.contains(nameOrFile)
        ? named(nameOrFile)
        : NamedLists.read(NamedLists.path(nameOrFile), "name", NAMES);
  }

  /**
   * Reads the names in a file, in the order of the lines and without white space around them; empty
   * lines are left out.
   *
   * @throws UserException if there is no such file, it is not UTF-8, or it holds no name
   */
  public static List<String> read(Path file) {
    return NamedLists.read(file, "name", List.of());
  }
}
