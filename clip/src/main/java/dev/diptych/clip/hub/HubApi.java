package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * What a hub says about a model: {@code GET /api/models/{repo}/revision/{revision}} names the
 * commit, {@code GET /api/models/{repo}/tree/{commit}?recursive=true} lists its files, page by page
 * ({@code Link: <…>; rel="next"}).
 */
final class HubApi {
  static final int LONGEST_JSON = 32 << 20;
  private static final int MOST_FILES = 100_000;
  private static final Pattern NEXT = Pattern.compile("<([^>]*)>\\s*;\\s*rel=\"?next\"?");

  private final HubHttp http;
  private final HubSettings settings;
  private final Retries.Sleeper sleeper;
  private final ObjectMapper json = new ObjectMapper();

  HubApi(HubHttp http, HubSettings settings, Retries.Sleeper sleeper) {
    this.http = http;
    this.settings = settings;
    this.sleeper = sleeper;
  }

  private record Page(JsonNode root, @Nullable String next) {}

  /** The commit that a branch, a tag or a commit names. */
  String commit(RepoId repo, String revision) {
    String what = repo + " at revision '" + revision + "'";
    JsonNode root = get("/api/models/" + repo + "/revision/" + encode(revision), repo, what).root;
    String commit = root.path("sha").asString("");
    if (!HubFile.isCommit(commit)) {
      throw new UserException(
          "%s: expected its commit as 'sha', found '%s'; is %s a hub?"
              .formatted(what, HubFile.printable(commit), settings.endpoint()));
    }
    return commit;
  }

  /** All files of a commit, in the hub's order. */
  List<HubFile> files(RepoId repo, String commit) {
    String what = "the list of files of " + repo;
    List<HubFile> files = new ArrayList<>();
    Set<String> seen = new TreeSet<>();
    String path = "/api/models/" + repo + "/tree/" + commit + "?recursive=true";
    while (path != null) {
      if (!seen.add(path)) {
        throw new UserException(what + " goes round in a circle");
      }
      Page page = get(path, repo, what);
      if (!page.root.isArray()) {
        throw new UserException(what + " is no list; is " + settings.endpoint() + " a hub?");
      }
      for (JsonNode entry : page.root) {
        if (entry.path("type").asString("").equals("file")) {
          files.add(file(entry));
        }
      }
      if (files.size() > MOST_FILES || seen.size() > 1000) {
        throw new UserException(what + " is longer than " + MOST_FILES);
      }
      path = page.next == null ? null : nextPath(page.next, what);
    }
    return files;
  }

  private static HubFile file(JsonNode entry) {
    JsonNode large = entry.path("lfs");
    return new HubFile(
        entry.path("path").asString(""),
        large.path("size").asLong(entry.path("size").asLong(-1)),
        entry.path("oid").asString(""),
        large.isObject() ? large.path("oid").asString("") : null);
  }

  /** Only pages of the hub itself are asked for: with the token, after all. */
  private String nextPath(String link, String what) {
    try {
      URI endpoint = settings.endpoint();
      URI next = new URI(endpoint + "/").resolve(new URI(link));
      String prefix = endpoint + "/";
      if (next.toString().startsWith(prefix)) {
        return next.toString().substring(prefix.length() - 1);
      }
    } catch (URISyntaxException e) {
      // said below
    }
    throw new UserException(
        "%s goes on at '%s', which is not followed".formatted(what, HubFile.printable(link)));
  }

  private Page get(String path, RepoId repo, String what) {
    Retries retries = new Retries(what, sleeper);
    while (true) {
      try (HubHttp.Reply reply = http.get(path, Map.of("Accept", "application/json"), repo, what)) {
        byte[] bytes = reply.body().readNBytes(LONGEST_JSON + 1);
        if (bytes.length > LONGEST_JSON) {
          throw new UserException(what + ": the answer is longer than " + LONGEST_JSON + " bytes");
        }
        String promised = reply.header("Content-Length").orElse("" + bytes.length);
        if (!promised.equals("" + bytes.length)) {
          throw new IOException(
              "the answer ended after %d of %s bytes".formatted(bytes.length, promised));
        }
        String next = null;
        for (String link : reply.headers().allValues("Link")) {
          Matcher matcher = NEXT.matcher(link);
          next = matcher.find() ? matcher.group(1) : next;
        }
        return new Page(json.readTree(bytes), next);
      } catch (JacksonException e) {
        throw new UserException(
            "%s: the answer is not JSON (%s); is %s a hub?"
                .formatted(what, HubFile.printable(e.getOriginalMessage()), settings.endpoint()),
            e);
      } catch (IOException e) {
        retries.failed(e);
      }
    }
  }

  /** A part of an address: everything but letters, digits and {@code -._*} in hexadecimal. */
  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }
}
