package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.zeroshot.ClassNames;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.Templates;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What there is to choose from, and what it is put into: to be mixed into zero-shot commands. */
final class LabelOptions {
  @Option(
      names = "--labels",
      arity = "1..*",
      description = "the labels, for example --labels \"a red circle\" \"a blue star\"")
  private List<String> labels = new ArrayList<>();

  @Option(
      names = {"--classes", "--labels-file"},
      paramLabel = "NAME|FILE",
      description = "labels by name: imagenet, cifar10, cifar100; or a file with one a line")
  private @Nullable String classes;

  @Mixin private TemplateOptions templates = new TemplateOptions();

  private List<String> labels() {
    List<String> all = new ArrayList<>(labels);
    if (classes != null) {
      all.addAll(ClassNames.load(classes));
    }
    if (all.isEmpty()) {
      throw new UserException(
          "there are no labels to choose from: give --labels \"a cat\" \"a dog\" or --classes"
              + " imagenet|cifar10|cifar100|FILE");
    }
    return all;
  }

  /**
   * Embeds the labels, or finds them in the cache.
   *
   * @throws UserException if there are none, or a template has no place for them
   */
  ClassWeights embed(Diptych model) {
    return templates.embed(model, labels(), Templates.SIMPLE);
  }
}
