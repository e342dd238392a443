package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where models come from and where they are kept.
 *
 * @param endpoint the hub, such as {@code https://huggingface.co}
 * @param cache the folder that holds {@code models--owner--name}
 * @param token what proves who asks, or null; it is sent to the endpoint and to nobody else
 * @param offline look into the cache only
 */
public record HubSettings(URI endpoint, Path cache, @Nullable String token, boolean offline) {
  private static final String ENDPOINT = "https://huggingface.co";
  private static final Set<String> TRUE = Set.of("1", "on", "yes", "true");

  /**
   * The settings that {@code huggingface_hub} finds in the same environment: {@code HF_ENDPOINT},
   * {@code HF_HUB_CACHE}, {@code HF_HOME}, {@code XDG_CACHE_HOME}, {@code HF_TOKEN}, {@code
   * HUGGING_FACE_HUB_TOKEN}, {@code HF_TOKEN_PATH} and {@code HF_HUB_OFFLINE}.
   *
   * @param home the user's folder, for what is not said
   * @throws UserException if one of them makes no sense
   */
  public static HubSettings from(Map<String, String> environment, Path home) {
    String address = environment.getOrDefault("HF_ENDPOINT", "").strip();
    return new HubSettings(
        endpoint(address.isEmpty() ? ENDPOINT : address),
        cache(environment, home),
        token(environment, home),
        TRUE.contains(environment.getOrDefault("HF_HUB_OFFLINE", "").toLowerCase(Locale.ROOT)));
  }

  /** Where {@code huggingface_hub} would keep its cache in the same environment. */
  static Path cache(Map<String, String> environment, Path home) {
    for (String name : new String[] {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
      Path cache = folder(environment, name, home);
      if (cache != null) {
        return cache;
      }
    }
    return hfHome(environment, home).resolve("hub");
  }

  private static Path hfHome(Map<String, String> environment, Path home) {
    Path named = folder(environment, "HF_HOME", home);
    return named != null ? named : caches(environment, home).resolve("huggingface");
  }

  private static Path caches(Map<String, String> environment, Path home) {
    Path named = folder(environment, "XDG_CACHE_HOME", home);
    return named == null ? home.resolve(".cache") : named;
  }

  /** Where this user's programs keep what they can make again: XDG_CACHE_HOME or ~/.cache. */
  public static Path caches() {
    return caches(System.getenv(), home());
  }

  /** The settings of this process. */
  public static HubSettings fromEnvironment() {
    return from(System.getenv(), home());
  }

  /** The user's folder. */
  static Path home() {
    return Path.of(System.getProperty("user.home", ""));
  }

  /** The same with another hub. */
  public HubSettings withEndpoint(String address) {
    return new HubSettings(endpoint(address), cache, token, offline);
  }

  /** The same with another cache. */
  public HubSettings withCache(Path folder) {
    return new HubSettings(endpoint, folder, token, offline);
  }

  /** The same with the token in a file. */
  public HubSettings withTokenFile(Path file) {
    String found = readToken(file);
    if (found == null) {
      throw new UserException("the token file " + file + " is empty");
    }
    return new HubSettings(endpoint, cache, found, offline);
  }

  /** The same, looking into the cache only. */
  public HubSettings withoutNetwork() {
    return new HubSettings(endpoint, cache, token, true);
  }

  /** Never the token: settings end up in logs. */
  @Override
  public String toString() {
    return "HubSettings[%s, %s, %s, %s]"
        .formatted(endpoint, cache, token == null ? "no token" : "a token", offline);
  }

  private static URI endpoint(String address) {
    String trimmed = address.strip().replaceAll("/+$", "");
    try {
      URI uri = new URI(trimmed);
      boolean web = "https".equalsIgnoreCase(uri.getScheme()) || "http".equals(uri.getScheme());
      if (web && uri.getHost() != null && uri.getRawQuery() == null && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (URISyntaxException e) {
      // said below, with what is expected
    }
    throw new UserException(
        "the endpoint '" + trimmed + "' is no web address such as " + ENDPOINT + " (HF_ENDPOINT)");
  }

  private static @Nullable Path folder(Map<String, String> environment, String name, Path home) {
    String value = environment.getOrDefault(name, "").strip();
    if (value.isEmpty()) {
      return null;
    }
    return value.equals("~") || value.startsWith("~/")
        ? home.resolve(value.substring(value.length() > 1 ? 2 : 1))
        : Path.of(value);
  }

  private static @Nullable String token(Map<String, String> environment, Path home) {
    for (String name : new String[] {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
      String token = checked(environment.getOrDefault(name, ""), name);
      if (token != null) {
        return token;
      }
    }
    Path named = folder(environment, "HF_TOKEN_PATH", home);
    Path file = named == null ? hfHome(environment, home).resolve("token") : named;
    return Files.isRegularFile(file) ? readToken(file) : null;
  }

  private static @Nullable String readToken(Path file) {
    try {
      if (Files.size(file) > 10_000) {
        throw new UserException(file + " is too long for a token");
      }
      return checked(Files.readString(file), file.toString());
    } catch (IOException e) {
      throw new UserException(
          "the token file " + file + " cannot be read: " + UserException.reason(e), e);
    }
  }

  private static @Nullable String checked(String token, String where) {
    String stripped = token.strip();
    if (!stripped.matches("[\\x21-\\x7e]*")) { // a line break would be a header of its own
      throw new UserException(where + " holds no token: expected one line such as hf_…");
    }
    return stripped.isEmpty() ? null : stripped;
  }
}
