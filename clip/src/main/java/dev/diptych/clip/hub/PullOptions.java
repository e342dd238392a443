package dev.diptych.clip.hub;

import java.util.List;

/**
 * What of a model is pulled.
 *
 * @param revision a branch, a tag or a commit
 * @param includes patterns of files such as {@code *.json}; none: what a CLIP needs
 * @param excludes patterns of files that are left out even so
 */
public record PullOptions(String revision, List<String> includes, List<String> excludes) {
  /** What a CLIP needs, of the newest state. */
  public static final PullOptions DEFAULT = new PullOptions("main", List.of(), List.of());

  /** Patterns are copied. */
  public PullOptions {
    HubCache.checkRevision(revision);
    includes = List.copyOf(includes);
    excludes = List.copyOf(excludes);
  }
}
