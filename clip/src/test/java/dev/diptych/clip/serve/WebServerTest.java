package dev.diptych.clip.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebServerTest {
  private final WebServer server =
      new WebServer(
          "localhost",
          0,
          List.of(
              new WebServer.Route(
                  "POST",
                  "/echo",
                  request ->
                      Answer.json(
                          List.of(
                              request.text("text", 10),
                              request.number("n", 1, 5, 2),
                              request.body().length))),
              new WebServer.Route(
                  "GET",
                  "/mistake",
                  request -> {
                    throw new UserException("the picture is upside down");
                  }),
              new WebServer.Route(
                  "GET",
                  "/bug",
                  request -> {
                    throw new IllegalStateException("a secret");
                  })));
  private final HttpClient client = HttpClient.newHttpClient();

  @AfterEach
  void close() {
    client.close();
    server.close();
  }

  private String base() {
    return "http://localhost:" + server.address().getPort();
  }

  private HttpResponse<String> get(String path) throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(base() + path)).build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, byte[] body, String... headers) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base() + path)).POST(BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }

  /** The status line of the answer to bytes that no client library would send. */
  private String raw(String request) throws IOException {
    try (Socket socket = new Socket("localhost", server.address().getPort())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      InputStream in = socket.getInputStream();
      String answer = new String(in.readNBytes(200), StandardCharsets.ISO_8859_1);
      return answer.lines().findFirst().orElse("");
    }
  }

  @Test
  void handsOutThePageWithAStrictPolicy() throws Exception {
    HttpResponse<String> page = get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("<title>Diptych</title>", "/page.js", "/page.css");
    assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
        .contains("default-src 'none'", "script-src 'self'");
    assertThat(get("/page.js").headers().firstValue("Content-Type").orElseThrow())
        .startsWith("text/javascript");
    assertThat(get("/page.css").statusCode()).isEqualTo(200);
  }

  @Test
  void readsParametersAndBodies() throws Exception {
    assertThat(post("/echo?text=a%20%E2%9C%93+b&n=5", new byte[1000]).body())
        .isEqualTo("[\"a ✓ b\",5,1000]");
    assertThat(post("/echo", new byte[0]).body()).isEqualTo("[\"\",2,0]");
  }

  @Test
  void refusesWhatIsTooLargeOrBroken() throws Exception {
    assertThat(post("/echo", new byte[WebServer.MAX_BODY + 1]).statusCode()).isEqualTo(413);
    assertThat(post("/echo", new byte[WebServer.MAX_BODY]).statusCode()).isEqualTo(200);
    assertThat(post("/echo?text=" + "x".repeat(11), new byte[0]).body())
        .isEqualTo("text has 11 characters, more than 10");
    assertThat(post("/echo?text=" + "x".repeat(Request.MAX_QUERY), new byte[0]).statusCode())
        .isEqualTo(414);
    assertThat(post("/echo?n=6", new byte[0]).body()).contains("from 1 to 5, found '6'");
    assertThat(post("/echo?n=two", new byte[0]).statusCode()).isEqualTo(400);
    assertThat(raw("POST /echo?text=%zz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"))
        .contains(" 400 ");
  }

  @Test
  void refusesOtherMethodsAndAddresses() throws Exception {
    assertThat(get("/echo").statusCode()).isEqualTo(405);
    assertThat(get("/nothing").statusCode()).isEqualTo(404);
    assertThat(get("/page.js/../../etc/passwd").statusCode()).isEqualTo(404);
    assertThat(get("/mistake/more").statusCode()).isEqualTo(404);
  }

  @Test
  void answersOnlyItsOwnPageUnderItsOwnName() throws Exception {
    assertThat(post("/echo", new byte[0], "Origin", "https://evil.example").statusCode())
        .isEqualTo(403);
    assertThat(post("/echo", new byte[0], "Origin", base()).statusCode()).isEqualTo(200);
    assertThat(raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")).contains(" 421 ");
    assertThat(raw("GET / HTTP/1.1\r\nHost: LOCALHOST:1\r\n\r\n")).contains(" 200 ");
    assertThat(raw("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n")).contains(" 200 ");
  }

  @Test
  void tellsMistakesAndHidesBugs() throws Exception {
    assertThat(get("/mistake").statusCode()).isEqualTo(400);
    assertThat(get("/mistake").body()).isEqualTo("the picture is upside down");
    assertThat(get("/bug").statusCode()).isEqualTo(500);
    assertThat(get("/bug").body()).doesNotContain("secret");
  }

  @Test
  void aPortThatIsTakenIsNamed() {
    int port = server.address().getPort();
    assertThatThrownBy(() -> new WebServer("localhost", port, List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("localhost:" + port + " cannot be bound");
    assertThatThrownBy(() -> new WebServer("localhost", 70_000, List.of()))
        .isInstanceOf(UserException.class);
  }
}
