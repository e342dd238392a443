package dev.diptych.clip.cli;

import dev.diptych.clip.evaluate.ClassLabels;
import dev.diptych.clip.zeroshot.ClassNames;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --classes} of tasks whose data have labels, to be mixed into them. */
final class ClassNameOption {
  @Option(
      names = {"--classes", "--classnames"},
      paramLabel = "NAME|FILE",
      description = {
        "names of the classes, in the order of their numbers or of their folders: imagenet,",
        "cifar10, cifar100, or a file with one a line. Default: classnames.txt beside the data,",
        "else the names of the folders"
      })
  private @Nullable String names;

  /** What labels mean, or null if nothing was said. */
  @Nullable ClassLabels labels() {
    return names == null ? null : ClassLabels.of(ClassNames.load(names));
  }
}
