package dev.diptych.clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Refusals, redirects and lists: whom the token reaches, and what is believed. */
class HubAnswersTest extends HubFixture {
  private static final String TOKEN = "hf_secret";

  private HubSettings withToken() {
    return new HubSettings(hub.endpoint(), folder, TOKEN, false);
  }

  private void answerTree(String json) {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().contains("/tree/");
          if (takes) {
            body(exchange, text(json.replace('\'', '"')));
          }
          return takes;
        };
  }

  private static void body(HttpExchange exchange, byte[] bytes) throws IOException {
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  private void refuseEverything(int status, String code) {
    hub.mischief =
        exchange -> {
          HubServer.refuse(exchange, status, code);
          return true;
        };
  }

  @Test
  void aModelThatIsNotThere() {
    assertThatThrownBy(() -> puller(settings()).pull("someone/nothing"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("/someone/nothing (check the spelling)")
        .hasMessageContaining("HF_TOKEN");
    assertThat(waits).isEmpty();
  }

  @Test
  void aRevisionThatIsNotThere() {
    PullOptions options = new PullOptions("v9", List.of(), List.of());
    assertThatThrownBy(() -> puller(settings()).pull(NAME, options))
        .hasMessageContaining("someone/tiny-clip at revision 'v9': there is none");
  }

  @Test
  void aFileThatIsNotThere() {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().endsWith("vocab.json");
          if (takes) {
            HubServer.refuse(exchange, 404, "EntryNotFound");
          }
          return takes;
        };
    refusal().hasMessageContaining("someone/tiny-clip: vocab.json: there is none");
  }

  @Test
  void aGatedModelLeadsToItsLicence() {
    refuseEverything(403, "GatedRepo");
    refusal()
        .hasMessageContaining("accept its licence: do so at " + hub.endpoint() + "/" + NAME)
        .hasMessageContaining("--token-file");
    assertThatThrownBy(() -> puller(withToken()).pull(NAME))
        .hasMessageContaining("the token must belong to the same account")
        .hasMessageNotContaining(TOKEN);
  }

  @Test
  void aTokenThatIsRefusedIsNotShown() {
    refuseEverything(401, "");
    refusal().hasMessageContaining("needs a token");
    assertThatThrownBy(() -> puller(withToken()).pull(NAME))
        .hasMessageContaining("does not accept the token")
        .hasMessageNotContaining(TOKEN);
  }

  @Test
  void noPermission() {
    refuseEverything(403, "");
    refusal().hasMessageContaining("no permission (403)");
  }

  @Test
  void anAnswerThatMeansNothing() {
    refuseEverything(418, "");
    refusal().hasMessageContaining("answers 418");
  }

  /** Another port is another origin. */
  @Test
  void theTokenGoesToTheHubAndNotToItsStore() throws IOException {
    try (HubServer store = new HubServer(0)) {
      store.add(NAME, model());
      hub.storeAddress = store.endpoint();
      puller(withToken()).pull(NAME);
      assertThat(hub.requests)
          .isNotEmpty()
          .allSatisfy(
              r -> assertThat(r.headers().get("Authorization")).containsExactly("Bearer " + TOKEN));
      assertThat(store.requests).hasSize(1);
      assertThat(store.requests.getFirst().headers()).doesNotContainKey("Authorization");
      assertThat(Files.readAllBytes(weightsBlob())).isEqualTo(weights);
    }
  }

  @Test
  void redirectsInACircleEnd() {
    hub.mischief =
        exchange -> {
          HubServer.redirect(exchange, exchange.getRequestURI().toString());
          return true;
        };
    refusal().hasMessageContaining("more than 10 redirects");
    assertThat(hub.requests).hasSize(11);
  }

  @ParameterizedTest
  @ValueSource(strings = {"file:///etc/passwd", "ftp://a/b", "", "http://", "http://[", "mailto:x"})
  void redirectsToAnythingButTheWebAreNotFollowed(String location) {
    hub.mischief =
        exchange -> {
          HubServer.redirect(exchange, location);
          return true;
        };
    refusal().hasMessageContaining("which is not followed");
  }

  /** A renamed model is redirected with a path alone; signed addresses hold odd characters. */
  @Test
  void relativeAndOddRedirectsAreFollowed() throws IOException {
    hub.mischief =
        exchange -> {
          String path = exchange.getRequestURI().toString();
          boolean takes = path.contains("/revision/") && !path.contains("?");
          if (takes) {
            HubServer.redirect(exchange, path + "?a={\"b|c\"}");
          }
          return takes;
        };
    assertThat(pull()).hasFileName(commit);
    assertThat(hub.count("?a=%7B%22b%7Cc%22%7D")).isEqualTo(1);
  }

  @Test
  void aListInPagesIsReadToItsEnd() throws IOException {
    hub.page = 2;
    assertThat(pull().resolve("vocab.json")).hasContent("{}");
    assertThat(hub.count("/tree/")).isEqualTo(4);
  }

  @Test
  void aListThatGoesOnElsewhereIsNotFollowed() {
    hub.mischief =
        exchange -> {
          exchange.getResponseHeaders().set("Link", "<http://other.example/x>; rel=\"next\"");
          return false;
        };
    refusal().hasMessageContaining("goes on at 'http://other.example/x'");
  }

  @Test
  void aListInACircleEnds() {
    hub.mischief =
        exchange -> {
          String uri = exchange.getRequestURI().toString();
          exchange.getResponseHeaders().set("Link", "<" + uri + ">; rel=\"next\"");
          return false;
        };
    refusal().hasMessageContaining("in a circle");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../x.json",
        "a/../../x",
        "/etc/x",
        "a//b",
        "a\\\\..\\\\b",
        "C:/x",
        "./x",
        "a/.",
        "",
        "x\\n"
      })
  void namesThatLeaveTheirFolderAreRefused(String name) {
    answerTree("[{'type':'file','path':'%s','size':1,'oid':'%s'}]".formatted(name, "0".repeat(40)));
    refusal().hasMessageContaining("leaves its folder").hasMessageContaining("nothing was");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../../x", "", "abc", "G000000000000000000000000000000000000000"})
  void hashesThatAreNoneAreRefused(String hash) {
    answerTree("[{'type':'file','path':'config.json','size':1,'oid':'%s'}]".formatted(hash));
    refusal().hasMessageContaining("no hash");
    answerTree(
        "[{'type':'file','path':'config.json','size':1,'oid':'%s','lfs':{'oid':'%s','size':1}}]"
            .formatted("0".repeat(40), hash));
    refusal().hasMessageContaining("no hash");
  }

  @Test
  void aSizeBelowZeroIsRefused() {
    answerTree(
        "[{'type':'file','path':'config.json','size':-5,'oid':'%s'}]".formatted("0".repeat(40)));
    refusal().hasMessageContaining("config.json with -5 bytes");
  }

  @Test
  void aCommitThatIsNoneIsRefused() {
    hub.mischief =
        exchange -> {
          body(exchange, text("{\"sha\": \"../..\"}"));
          return true;
        };
    refusal().hasMessageContaining("found '../..'; is " + hub.endpoint() + " a hub?");
  }

  @ParameterizedTest
  @ValueSource(strings = {"<html>", "{'a': 1", "", "{}", "null"})
  void answersThatAreNoListAreRefused(String json) {
    answerTree(json);
    refusal().hasMessageContaining("a hub?");
  }

  @Test
  void anAnswerWithoutEndIsRefused() {
    hub.mischief =
        exchange -> {
          exchange.sendResponseHeaders(200, 0);
          byte[] block = new byte[1 << 20];
          for (int i = 0; i < 33; i++) {
            exchange.getResponseBody().write(block);
          }
          return true;
        };
    refusal().hasMessageContaining("longer than 33554432 bytes");
  }

  @Test
  void anAnswerThatIsCutIsAskedForAgain() {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().contains("/tree/") && waits.isEmpty();
          if (takes) {
            exchange.sendResponseHeaders(200, 1000);
            exchange.getResponseBody().write(text("[{"));
          }
          return takes;
        };
    assertThat(pull()).hasFileName(commit);
    assertThat(waits).containsExactly(Duration.ofSeconds(1));
  }

  @Test
  void retryAfterIsSecondsOrADate() {
    assertThat(HubHttp.retryAfter("120")).isEqualTo(Duration.ofMinutes(2));
    assertThat(HubHttp.retryAfter("-1")).isZero();
    assertThat(HubHttp.retryAfter("Wed, 21 Oct 2015 07:28:00 GMT")).isZero();
    String soon =
        DateTimeFormatter.RFC_1123_DATE_TIME.format(
            ZonedDateTime.now(ZoneOffset.UTC).plusSeconds(100));
    assertThat(HubHttp.retryAfter(soon)).isBetween(Duration.ofSeconds(60), Duration.ofSeconds(101));
  }

  @Test
  void filesInFoldersAndWithOddNamesAreAskedForByTheirName() throws IOException {
    hub.add(NAME, Map.of("a b/ü+%.json", text("{}"), "config.json", text("{}")));
    PullOptions all = new PullOptions("main", List.of("*"), List.of());
    Path snapshot = puller(settings()).pull(NAME, all);
    assertThat(snapshot.resolve("a b/ü+%.json")).hasContent("{}");
    assertThat(Files.readSymbolicLink(snapshot.resolve("a b/ü+%.json")))
        .isEqualTo(Path.of("../../../blobs").resolve(HubServer.gitHash(text("{}"))));
  }
}
