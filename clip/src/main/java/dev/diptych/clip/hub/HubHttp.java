package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * One request to a hub, with its redirects. They are followed here, not by the client of the JDK,
 * because the token must not go with them to another host, and because it is the hub's own answer,
 * not the one of the store that it points to, that names commit and content.
 */
final class HubHttp implements AutoCloseable {
  private static final int REDIRECTS = 10;

  private final HttpClient client;
  private final HubSettings settings;
  private final Duration patience;

  /** Requests in which a server may be silent for {@code patience}. */
  HubHttp(HubSettings settings, Duration patience) {
    this.settings = settings;
    this.patience = patience;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(patience)
            .build();
  }

  /**
   * An answer.
   *
   * @param status 200, 206 or 416
   * @param headers of the last answer, whoever gave it
   * @param linkedEtag what the hub itself says the content is, or null
   */
  record Reply(int status, HttpHeaders headers, @Nullable String linkedEtag, InputStream body)
      implements AutoCloseable {
    Optional<String> header(String name) {
      return headers.firstValue(name);
    }

    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /**
   * Asks once.
   *
   * @param path at the endpoint, encoded, with its slash in front
   * @param what is asked for, in words for an error
   * @throws UserException if the answer is a no that will stay one
   * @throws IOException if another try may help
   */
  Reply get(String path, Map<String, String> headers, RepoId repo, String what) throws IOException {
    URI uri = URI.create(settings.endpoint() + path);
    String linkedEtag = null;
    for (int hop = 0; hop <= REDIRECTS; hop++) {
      boolean home = isHome(uri);
      HttpResponse<InputStream> response = send(uri, headers, home);
      if (home && linkedEtag == null) {
        linkedEtag = response.headers().firstValue("X-Linked-ETag").map(HubHttp::bare).orElse(null);
      }
      int status = response.statusCode();
      if (status == 200 || status == 206 || status == 416) {
        return new Reply(
            status, response.headers(), linkedEtag, new PatientStream(response.body(), patience));
      }
      response.body().close();
      if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
        throw refusal(status, response.headers(), uri, repo, what);
      }
      uri = target(uri, response.headers(), what);
    }
    throw new UserException("%s: more than %d redirects".formatted(what, REDIRECTS));
  }

  private HttpResponse<InputStream> send(URI uri, Map<String, String> headers, boolean home)
      throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri).timeout(patience).header("User-Agent", "diptych");
    headers.forEach(request::header);
    if (home && settings.token() != null) {
      request.header("Authorization", "Bearer " + settings.token());
    }
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
    } catch (SSLHandshakeException e) {
      throw new UserException(
          "%s is not trusted: %s".formatted(uri.getHost(), UserException.reason(e)), e);
    } catch (ConnectException e) {
      throw e; // has no message of its own
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UserException("interrupted", e);
    }
  }

  /** Whether the endpoint itself is asked: only it gets the token. */
  private boolean isHome(URI uri) {
    URI endpoint = settings.endpoint();
    return endpoint.getScheme().equalsIgnoreCase(uri.getScheme())
        && endpoint.getHost().equalsIgnoreCase(uri.getHost())
        && endpoint.getPort() == uri.getPort();
  }

  private static URI target(URI from, HttpHeaders headers, String what) {
    String location = headers.firstValue("Location").orElse("");
    try {
      URI to = from.resolve(new URI(legal(location)));
      boolean web = "https".equals(to.getScheme()) || "http".equals(to.getScheme());
      boolean weaker = "https".equals(from.getScheme()) && "http".equals(to.getScheme());
      if (!location.isEmpty() && web && !weaker && to.getHost() != null) {
        return to;
      }
    } catch (URISyntaxException e) {
      // said below
    }
    throw new UserException(
        "%s: %s redirects to '%s', which is not followed"
            .formatted(what, from.getHost(), HubFile.printable(location)));
  }

  /** Signed addresses hold characters that {@link URI} refuses, though every browser takes them. */
  private static String legal(String location) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : location.getBytes(StandardCharsets.UTF_8)) {
      boolean plain = b > 0x20 && b < 0x7f && "\"<>\\^`{|}".indexOf(b) < 0;
      encoded.append(plain ? String.valueOf((char) b) : "%%%02X".formatted(b & 0xff));
    }
    return encoded.toString();
  }

  /** {@code W/"abc"} → {@code abc}. */
  private static String bare(String etag) {
    return etag.strip().replaceFirst("^W/", "").replace("\"", "");
  }

  private IOException refusal(int status, HttpHeaders headers, URI uri, RepoId repo, String what) {
    String code = headers.firstValue("X-Error-Code").orElse("");
    boolean known = settings.token() != null;
    if (status == 408 || status == 429 || status >= 500) {
      return new Retries.Passing(
          uri.getHost() + (status == 429 ? " is asked too often (429)" : " answers " + status),
          headers.firstValue("Retry-After").map(HubHttp::retryAfter).orElse(Duration.ZERO));
    }
    String page = settings.endpoint() + "/" + repo;
    if (code.equals("GatedRepo")) {
      throw new UserException(
          "%s is given only to those who accept its licence: do so at %s, then %s"
              .formatted(
                  repo,
                  page,
                  known
                      ? "try again; the token must belong to the same account and may read gated"
                          + " models"
                      : "give a token from %s/settings/tokens in HF_TOKEN or with --token-file"
                          .formatted(settings.endpoint())));
    }
    if (code.equals("RevisionNotFound") || code.equals("EntryNotFound")) {
      throw new UserException(what + ": there is none on the hub (" + page + ")");
    }
    if (status == 401 && known && !code.equals("RepoNotFound")) {
      throw new UserException(
          "%s: %s does not accept the token: make a new one at %s/settings/tokens"
              .formatted(what, uri.getHost(), settings.endpoint()));
    }
    if (status == 401 || code.equals("RepoNotFound") || (status == 404 && code.isEmpty())) {
      throw new UserException(
          "%s: not found; either there is no %s (check the spelling), or it is private and %s"
              .formatted(
                  what,
                  page,
                  known
                      ? "the token may not read it"
                      : "needs a token in HF_TOKEN or with --token-file"));
    }
    if (status == 403) {
      throw new UserException(
          "%s: no permission (403)%s; see %s, where a licence may have to be accepted, and give a token that may read it in HF_TOKEN or with --token-file"
              .formatted(
                  what,
                  headers
                      .firstValue("X-Error-Message")
                      .map(text -> ": " + HubFile.printable(text))
                      .orElse(""),
                  page));
    }
    throw new UserException("%s: %s answers %d".formatted(what, uri.getHost(), status));
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  static Duration retryAfter(String value) {
    String text = value.strip();
    if (text.matches("\\d{1,9}")) {
      return Duration.ofSeconds(Long.parseLong(text));
    }
    try {
      ZonedDateTime then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME);
      Duration wait = Duration.between(ZonedDateTime.now(then.getZone()), then);
      return wait.isNegative() ? Duration.ZERO : wait;
    } catch (DateTimeException e) {
      return Duration.ZERO;
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
    client.close();
  }
}
