package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A model on a hub: {@code owner/name}.
 *
 * @param owner a person or an organisation
 * @param name of the model
 */
public record RepoId(String owner, String name) {
  private static final Pattern PART = Pattern.compile("[A-Za-z0-9_]([A-Za-z0-9._-]{0,94}[\\w])?");

  /** The published names of OpenAI's models, and where they are on the hub. */
  private static final Map<String, String> ALIASES =
      Map.of(
          "ViT-B/32", "openai/clip-vit-base-patch32",
          "ViT-B/16", "openai/clip-vit-base-patch16",
          "ViT-L/14", "openai/clip-vit-large-patch14",
          "ViT-L/14@336px", "openai/clip-vit-large-patch14-336");

  /** A name that has passed the hub's own rules, and so is safe in paths and addresses. */
  public RepoId {
    for (String part : new String[] {owner, name}) {
      // The hub forbids these two as well: the cache writes "--" for the slash.
      if (!PART.matcher(part).matches() || part.contains("..") || part.contains("--")) {
        throw new UserException(
            "'%s/%s' is no name of a model on a hub: expected owner/name, such as openai/clip-vit-base-patch32"
                .formatted(owner, name));
      }
    }
  }

  /**
   * Reads {@code owner/name}, or a published name such as {@code ViT-B/32} or {@code ViT-B-32}.
   *
   * @throws UserException if it is neither
   */
  public static RepoId of(String text) {
    String full = alias(text);
    int slash = full.indexOf('/');
    if (slash < 0 || full.indexOf('/', slash + 1) >= 0) {
      throw new UserException(
          "'%s' is no name of a model on a hub: expected owner/name, such as openai/clip-vit-base-patch32, or one of ViT-B/32, ViT-B/16, ViT-L/14, ViT-L/14@336px"
              .formatted(text));
    }
    return new RepoId(full.substring(0, slash), full.substring(slash + 1));
  }

  /** As {@link #of}, but empty if the text cannot be the name of a model on a hub. */
  public static Optional<RepoId> parse(String text) {
    try {
      return Optional.of(of(text));
    } catch (UserException e) {
      return Optional.empty();
    }
  }

  private static String alias(String text) {
    for (Map.Entry<String, String> entry : ALIASES.entrySet()) {
      if (text.equals(entry.getKey()) || text.equals(entry.getKey().replaceAll("[/@]", "-"))) {
        return entry.getValue();
      }
    }
    return text;
  }

  /** The folder in the cache: {@code models--owner--name}. */
  String folder() {
    return "models--" + owner + "--" + name;
  }

  /** {@code owner/name}. */
  @Override
  public String toString() {
    return owner + "/" + name;
  }
}
