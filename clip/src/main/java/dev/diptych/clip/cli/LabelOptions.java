package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.report.ProgressLine;
import dev.diptych.clip.zeroshot.ClassNames;
import dev.diptych.clip.zeroshot.ClassWeightCache;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.Templates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What there is to choose from, and what it is put into: to be mixed into zero-shot commands. */
final class LabelOptions {
  /** Prompts whose embedding takes long enough for people to want to know how far it is. */
  private static final int MANY = 500;

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

  @Option(
      names = "--template",
      description = {
        "what a label is put into, with {} for the label; may be repeated.",
        "Default: a photo of a {}."
      })
  private List<String> single = new ArrayList<>();

  @Option(
      names = "--templates",
      paramLabel = "NAME|FILE",
      description = {
        "templates by name: imagenet (80), imagenet-7, cifar (18), simple;",
        "or a file with one a line, with {} or {c} for the label"
      })
  private @Nullable String set;

  @Option(
      names = "--class-cache",
      paramLabel = "FOLDER",
      description = {
        "where embeddings of many labels are kept for the next time.",
        "Default: diptych/class-weights in XDG_CACHE_HOME or ~/.cache"
      })
  private @Nullable Path cache;

  @Option(names = "--no-cache", description = "embed all labels, keep nothing")
  private boolean noCache;

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

  private List<String> templates() {
    List<String> all = new ArrayList<>(single);
    if (set != null) {
      all.addAll(Templates.load(set));
    }
    return all.isEmpty() ? Templates.SIMPLE : all;
  }

  /**
   * Embeds the labels, or finds them in the cache.
   *
   * @throws UserException if there are none, or a template has no place for them
   */
  ClassWeights embed(Diptych model) {
    List<String> names = labels();
    List<String> templates = templates();
    long prompts = (long) names.size() * templates.size();
    int fewest = noCache ? Integer.MAX_VALUE : ClassWeightCache.WORTH_IT;
    ClassWeightCache kept =
        new ClassWeightCache(cache == null ? ClassWeightCache.userFolder() : cache, fewest);
    if (prompts < MANY) {
      return kept.weights(model, names, templates, count -> {});
    }
    Work work = new Work(prompts);
    try (work) {
      return kept.weights(model, names, templates, work::add);
    }
  }

  /** A line of progress that appears with the first prompts: of what was kept there is none. */
  private static final class Work implements AutoCloseable {
    private final long total;
    private @Nullable ProgressLine line;

    Work(long total) {
      this.total = total;
    }

    void add(long count) {
      if (line == null) {
        line = ProgressLine.items(System.err, "embedding labels", total, "prompts");
      }
      line.add(count);
    }

    @Override
    public void close() {
      if (line != null) {
        line.close();
      }
    }
  }
}
