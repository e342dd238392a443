package dev.diptych.clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Downloads from a hub that behaves, and from one that does not. */
class PullTest extends HubFixture {
  private void assertWhole() throws IOException {
    assertThat(Files.readAllBytes(weightsBlob())).isEqualTo(weights);
    assertThat(weightsPart()).doesNotExist();
  }

  private String printed() {
    return printed.toString(StandardCharsets.UTF_8);
  }

  /** Takes requests for the content of large files; {@code n} counts them from 1. */
  private AtomicInteger onStore(StoreMischief mischief) {
    AtomicInteger count = new AtomicInteger();
    hub.mischief =
        exchange -> {
          if (!exchange.getRequestURI().getPath().startsWith("/store/")) {
            return false;
          }
          return mischief.takes(exchange, count.incrementAndGet());
        };
    return count;
  }

  @FunctionalInterface
  private interface StoreMischief {
    boolean takes(HttpExchange exchange, int n) throws IOException;
  }

  @Test
  void whatAClipNeedsIsPulledAndTheRestIsNamed() throws IOException {
    Path snapshot = pull();
    assertThat(snapshot)
        .isEqualTo(folder.resolve("models--someone--tiny-clip/snapshots").resolve(commit));
    try (var files = Files.list(snapshot)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "config.json", "merges.txt", "model.safetensors", "vocab.json");
    }
    assertThat(Files.readAllBytes(snapshot.resolve("model.safetensors"))).isEqualTo(weights);
    assertThat(printed())
        .contains(commit)
        .contains("left out (--include takes them): README.md, pytorch_model.bin, tf_model.h5");
    assertWhole();
    assertThat(waits).isEmpty();
  }

  @Test
  void whatIsThereIsNotFetchedAgain() {
    pull();
    hub.requests.clear();
    pull();
    assertThat(hub.count("/api/")).isEqualTo(2);
    assertThat(hub.count("/resolve/")).isZero();
  }

  @Test
  void aNewCommitSharesWhatDidNotChange() {
    pull();
    hub.requests.clear();
    Map<String, byte[]> files = model();
    files.put("vocab.json", text("{\"a\": 0}"));
    String newer = hub.add(NAME, files);
    assertThat(pull()).hasFileName(newer);
    assertThat(hub.count("/resolve/")).isEqualTo(1);
    assertThat(folder.resolve(REPO.folder()).resolve("refs/main")).hasContent(newer);
  }

  @Test
  void cutConnectionsAreTakenUpWhereTheyEnded() throws IOException {
    Random random = new Random(7);
    AtomicInteger tries =
        onStore((exchange, n) -> {
          hub.send(exchange, weights, "\"s\"", random.nextInt(60_000));
          return true;
        });
    pull();
    assertWhole();
    assertThat(tries.get()).isGreaterThan(5); // more than would be tried without getting further
    long asked =
        hub.requests.stream()
            .filter(r -> r.path().startsWith("/store/") && r.headers().containsKey("Range"))
            .count();
    assertThat(asked).isEqualTo(tries.get() - 1);
    assertThat(waits).hasSize(tries.get() - 1).allMatch(Duration.ofSeconds(1)::equals);
  }

  @Test
  void aPullThatWasKilledGoesOnFromWhatIsThere() throws IOException {
    Files.createDirectories(weightsPart().getParent());
    Files.write(weightsPart(), Arrays.copyOf(weights, 200_000));
    onStore((exchange, n) -> {
      assertThat(exchange.getRequestHeaders().getFirst("Range")).isEqualTo("bytes=200000-");
      return false;
    });
    pull();
    assertWhole();
  }

  @Test
  void aWholePartThatWasNeverRenamedIsNotFetched() throws IOException {
    Files.createDirectories(weightsPart().getParent());
    Files.write(weightsPart(), weights);
    AtomicInteger tries = onStore((exchange, n) -> false);
    pull();
    assertWhole();
    assertThat(tries).hasValue(0);
  }

  @Test
  void aDamagedPartIsThrownAwayAndFetchedAgain() throws IOException {
    Files.createDirectories(weightsPart().getParent());
    Files.write(weightsPart(), new byte[200_000]);
    AtomicInteger tries = onStore((exchange, n) -> false);
    pull();
    assertWhole();
    assertThat(tries).hasValue(2);
    assertThat(printed()).contains("model.safetensors: has a wrong hash");
  }

  @Test
  void aPartThatIsTooLongIsThrownAway() throws IOException {
    Files.createDirectories(weightsPart().getParent());
    Files.write(weightsPart(), new byte[300_001]);
    pull();
    assertWhole();
  }

  @Test
  void aServerWithoutRangesStartsAgain() throws IOException {
    hub.ranges = false;
    onStore((exchange, n) -> {
      hub.send(exchange, weights, "\"s\"", n == 1 ? 100_000 : Integer.MAX_VALUE);
      return true;
    });
    pull();
    assertWhole();
  }

  @Test
  void aWrongHashIsFetchedOnceMoreAndThenRefused() {
    byte[] other = bytes(weights.length, 99);
    AtomicInteger tries =
        onStore((exchange, n) -> {
          hub.send(exchange, other, "\"s\"");
          return true;
        });
    refusal()
        .hasMessageContaining("model.safetensors: came twice with a wrong content")
        .hasMessageContaining(HubServer.hash("SHA-256", weights))
        .hasMessageContaining(HubServer.hash("SHA-256", other));
    assertThat(tries).hasValue(2);
    assertThat(weightsBlob()).doesNotExist();
    assertThat(weightsPart()).doesNotExist();
    assertThat(folder.resolve(REPO.folder()).resolve("refs/main")).doesNotExist();
  }

  @Test
  void aSmallFileIsCheckedByGitsHash() {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().endsWith("/vocab.json");
          if (takes) {
            hub.send(exchange, text("[]"), "\"s\"");
          }
          return takes;
        };
    refusal()
        .hasMessageContaining("vocab.json")
        .hasMessageContaining("git hash " + HubServer.gitHash(text("{}")));
  }

  @Test
  void aFileThatChangesBetweenTriesIsNotMixed() throws IOException {
    byte[] other = bytes(weights.length, 99);
    onStore((exchange, n) -> {
      switch (n) {
        case 1 -> hub.send(exchange, other, "\"old\"", 100_000);
        case 2 -> { // ignores If-Range, and gives a part of something else
          exchange.getRequestHeaders().remove("If-Range");
          hub.send(exchange, weights, "\"new\"");
        }
        default -> hub.send(exchange, weights, "\"new\"");
      }
      return true;
    });
    pull();
    assertWhole();
    assertThat(printed()).doesNotContain("wrong hash");
  }

  @Test
  void aFileThatNeverStopsChangingIsGivenUp() {
    AtomicInteger tries =
        onStore((exchange, n) -> {
          exchange.getRequestHeaders().remove("If-Range");
          hub.send(exchange, weights, "\"" + n + "\"", 100_000);
          return true;
        });
    refusal().hasMessageContaining("model.safetensors").hasMessageContaining("tried");
    assertThat(tries.get()).isLessThan(12);
  }

  @Test
  void theHubsOwnWordOnTheContentIsCompared() {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().endsWith("/model.safetensors");
          if (takes) {
            exchange.getResponseHeaders().set("X-Linked-ETag", "\"" + "a".repeat(64) + "\"");
            HubServer.redirect(exchange, "/store/" + HubServer.hash("SHA-256", weights));
          }
          return takes;
        };
    refusal().hasMessageContaining("another content").hasMessageContaining("a".repeat(64));
  }

  @Test
  void aLengthThatDiffersFromTheListIsRefused() {
    onStore((exchange, n) -> {
      hub.send(exchange, Arrays.copyOf(weights, 300_007), "\"s\"");
      return true;
    });
    refusal().hasMessageContaining("promises 300,007 bytes where the list says 300,000");
    assertThat(weightsBlob()).doesNotExist();
  }

  @Test
  void moreThanPromisedIsRefused() throws IOException {
    AtomicInteger tries =
        onStore((exchange, n) -> {
          exchange.sendResponseHeaders(200, 0); // chunked: no length is promised
          exchange.getResponseBody().write(weights);
          exchange.getResponseBody().write(weights);
          return true;
        });
    refusal().hasMessageContaining("sends more than the promised 300,000 bytes");
    assertThat(tries.get()).isLessThanOrEqualTo(Retries.IN_A_ROW + 1);
    assertThat(Files.size(weightsPart())).isZero();
  }

  @Test
  void aWrongPartIsRefused() {
    onStore((exchange, n) -> {
      if (n == 1) {
        hub.send(exchange, weights, "\"s\"", 1000);
      } else {
        exchange.getResponseHeaders().set("Content-Range", "bytes 7-9/300000");
        exchange.sendResponseHeaders(206, 3);
        exchange.getResponseBody().write(new byte[3]);
      }
      return true;
    });
    refusal().hasMessageContaining("another part of the file");
  }

  @Test
  void aConnectionThatStallsIsLeft() throws IOException {
    onStore((exchange, n) -> {
      if (n > 1) {
        return false;
      }
      exchange.sendResponseHeaders(200, weights.length);
      exchange.getResponseBody().write(weights, 0, 70_000);
      exchange.getResponseBody().flush();
      sleep(2_000);
      return true;
    });
    puller(settings(), new HubCache(folder), Duration.ofMillis(300)).pull(NAME);
    assertWhole();
    assertThat(waits).hasSize(1);
  }

  private static void sleep(long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Test
  void tooManyRequestsWaitAsLongAsTheServerAsks() throws IOException {
    onStore((exchange, n) -> {
      if (n > 2) {
        return false;
      }
      exchange.getResponseHeaders().set("Retry-After", n == 1 ? "17" : "soon");
      HubServer.refuse(exchange, n == 1 ? 429 : 503, "");
      return true;
    });
    pull();
    assertWhole();
    assertThat(waits).containsExactly(Duration.ofSeconds(17), Duration.ofSeconds(2));
  }

  @Test
  void aServerThatFailsForEverIsGivenUp() {
    AtomicInteger tries =
        onStore((exchange, n) -> {
          HubServer.refuse(exchange, 500, "");
          return true;
        });
    refusal().hasMessageContaining("answers 500").hasMessageContaining("tried 5 times");
    assertThat(tries).hasValue(5);
    assertThat(waits).extracting(Duration::toSeconds).containsExactly(1L, 2L, 4L, 8L);
  }

  @Test
  void aServerThatAsksForTooMuchPatienceIsNotWaitedFor() {
    onStore((exchange, n) -> {
      exchange.getResponseHeaders().set("Retry-After", "86400");
      HubServer.refuse(exchange, 429, "");
      return true;
    });
    refusal().hasMessageContaining("asks for 86400 s of patience");
    assertThat(waits).isEmpty();
  }

  @Test
  void aServerThatIsNotThereIsNamed() {
    hub.close();
    refusal()
        .hasMessageContaining("the server cannot be reached")
        .hasMessageContaining("--offline");
  }

  @Test
  void aDiskThatIsTooSmallIsSaidBeforehand() {
    hub.mischief =
        exchange -> {
          boolean takes = exchange.getRequestURI().getPath().contains("/tree/");
          if (takes) {
            String list =
                "[{'type':'file','path':'model.safetensors','size':9000000000000000,'oid':'%s'}]"
                    .formatted("0".repeat(40))
                    .replace('\'', '"');
            exchange.sendResponseHeaders(200, list.length());
            exchange.getResponseBody().write(text(list));
          }
          return takes;
        };
    refusal().hasMessageContaining("9.0 PB are needed").hasMessageContaining("--cache");
  }

  @Test
  void severalPullsAtOnceFetchEverythingOnce() throws Exception {
    AtomicInteger tries =
        onStore((exchange, n) -> {
          sleep(50);
          return false;
        });
    List<Callable<Path>> pulls = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      pulls.add(() -> new Hub(settings()).pull(NAME));
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (Future<Path> done : threads.invokeAll(pulls)) {
        assertThat(done.get()).hasFileName(commit);
      }
    }
    assertThat(tries).hasValue(1);
    assertWhole();
  }

  @Test
  void aFileInTheWayOfTheCacheIsSaid() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    assertThatThrownBy(() -> puller(settings().withCache(file)).pull(NAME))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cache " + file);
  }
}
