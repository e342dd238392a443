package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.report.ProgressLine;
import dev.diptych.clip.zeroshot.ClassWeightCache;
import dev.diptych.clip.zeroshot.ClassWeights;
import dev.diptych.clip.zeroshot.Templates;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What names of classes are put into, and where the outcome is kept: to be mixed in. */
final class TemplateOptions {
  /** Prompts whose embedding takes long enough for people to want to know how far it is. */
  private static final int MANY = 500;

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

  /** The templates that were given, or else {@code usual}. */
  List<String> templates(List<String> usual) {
    List<String> all = new ArrayList<>(single);
    if (set != null) {
      all.addAll(Templates.load(set));
    }
    return all.isEmpty() ? usual : all;
  }

  /**
   * Embeds labels, or finds them in the cache.
   *
   * @param usual the templates if none were given
   * @throws UserException if a template has no place for them
   */
  ClassWeights embed(Diptych model, List<String> labels, List<String> usual) {
    List<String> templates = templates(usual);
    long prompts = (long) labels.size() * templates.size();
    int fewest = noCache ? Integer.MAX_VALUE : ClassWeightCache.WORTH_IT;
    ClassWeightCache kept =
        new ClassWeightCache(cache == null ? ClassWeightCache.userFolder() : cache, fewest);
    if (prompts < MANY) {
      return kept.weights(model, labels, templates, count -> {});
    }
    Work work = new Work(prompts);
    try (work) {
      return kept.weights(model, labels, templates, work::add);
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
