package dev.diptych.clip.hub;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A hub with one model, and a puller that does not really wait between tries. */
abstract class HubFixture {
  static final String NAME = "someone/tiny-clip";
  static final RepoId REPO = RepoId.of(NAME);

  @TempDir Path folder;
  HubServer hub;
  String commit;
  final byte[] weights = bytes(300_000, 1);
  final List<Duration> waits = new ArrayList<>();
  final ByteArrayOutputStream printed = new ByteArrayOutputStream();

  @BeforeEach
  void open() throws IOException {
    hub = new HubServer(0);
    commit = hub.add(NAME, model());
  }

  @AfterEach
  void close() {
    hub.close();
  }

  /** The files of a model as they lie on a hub, most of which nobody needs. */
  Map<String, byte[]> model() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("README.md", text("# words"));
    files.put("config.json", text("{\"model_type\": \"clip\"}"));
    files.put("merges.txt", text("a b"));
    files.put("model.safetensors", weights);
    files.put("pytorch_model.bin", bytes(1000, 2));
    files.put("tf_model.h5", bytes(1000, 3));
    files.put("vocab.json", text("{}"));
    return files;
  }

  HubSettings settings() {
    return new HubSettings(hub.endpoint(), folder, null, false);
  }

  Hub puller(HubSettings settings) {
    return puller(settings, new HubCache(settings.cache()), Duration.ofSeconds(20));
  }

  Hub puller(HubSettings settings, HubCache cache, Duration patience) {
    PrintStream out = new PrintStream(printed, true, StandardCharsets.UTF_8);
    return new Hub(settings, cache, patience, waits::add, out);
  }

  Path pull() {
    return puller(settings()).pull(NAME);
  }

  AbstractThrowableAssert<?, ? extends Throwable> refusal() {
    return assertThatThrownBy(this::pull).isInstanceOf(UserException.class);
  }

  Path blob(String hash) {
    return folder.resolve(REPO.folder()).resolve("blobs").resolve(hash);
  }

  Path weightsBlob() {
    return blob(HubServer.hash("SHA-256", weights));
  }

  Path weightsPart() {
    return blob(HubServer.hash("SHA-256", weights) + ".diptych.incomplete");
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static byte[] bytes(int count, long seed) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }
}
