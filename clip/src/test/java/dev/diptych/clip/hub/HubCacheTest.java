package dev.diptych.clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The layout on disk, which is Python's, and what is found without a network. */
class HubCacheTest extends HubFixture {
  private HubSettings offline() {
    return settings().withoutNetwork();
  }

  @Test
  void theLayoutIsThatOfHuggingfaceHub() throws IOException {
    pull();
    Path model = folder.resolve("models--someone--tiny-clip");
    assertThat(Files.readString(model.resolve("refs/main"))).isEqualTo(commit); // no line break
    Path snapshot = model.resolve("snapshots").resolve(commit);
    assertThat(Files.readSymbolicLink(snapshot.resolve("model.safetensors")))
        .isEqualTo(Path.of("../../blobs", HubServer.hash("SHA-256", weights)));
    assertThat(Files.readSymbolicLink(snapshot.resolve("vocab.json")))
        .isEqualTo(Path.of("../../blobs", HubServer.gitHash(text("{}"))));
  }

  @Test
  void whatPythonPulledIsFound() throws IOException {
    String hash = HubServer.hash("SHA-256", weights);
    Path model = folder.resolve("models--someone--tiny-clip");
    Path snapshot = Files.createDirectories(model.resolve("snapshots").resolve(commit));
    Files.createDirectories(model.resolve("blobs"));
    Files.createDirectories(model.resolve("refs"));
    Files.write(model.resolve("blobs").resolve(hash), weights);
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs", hash));
    Files.writeString(model.resolve("refs/main"), commit);

    assertThat(puller(offline()).pull(NAME)).isEqualTo(snapshot);
    assertThat(hub.requests).isEmpty();
    pull(); // the rest is fetched, the weights are not
    assertThat(hub.count("/resolve/")).isEqualTo(3);
    assertThat(hub.count("/store/")).isZero();
  }

  @Test
  void offlineFindsWhatWasPulledByNameAndByCommit() {
    Path snapshot = pull();
    hub.close();
    assertThat(puller(offline()).pull(NAME)).isEqualTo(snapshot);
    PullOptions byCommit = new PullOptions(commit, List.of(), List.of());
    assertThat(puller(offline()).pull(NAME, byCommit)).isEqualTo(snapshot);
  }

  @Test
  void offlineSaysWhatIsMissing() {
    assertThatThrownBy(() -> puller(offline()).pull(NAME))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("someone/tiny-clip at revision 'main' is not in the cache " + folder);
    assertThat(hub.requests).isEmpty();
  }

  @Test
  void aModelWithoutItsWeightsIsNotFoundAsOne() {
    PullOptions texts = new PullOptions("main", List.of("*.json", "*.txt"), List.of());
    Path snapshot = puller(settings()).pull(NAME, texts);
    assertThat(new HubCache(folder).find(REPO, "main")).isNull();
    assertThat(puller(offline()).pull(NAME, texts)).isEqualTo(snapshot);
  }

  @Test
  void whereLinksCannotBeMadeTheFilesThemselvesAreThere() throws IOException {
    HubCache cache =
        new HubCache(
            folder,
            (link, target) -> {
              throw new FileSystemException("a required privilege is not held by the client");
            });
    Hub puller = puller(settings(), cache, Duration.ofSeconds(20));
    Path snapshot = puller.pull(NAME);
    assertThat(snapshot.resolve("model.safetensors")).isRegularFile().hasBinaryContent(weights);
    assertThat(Files.isSymbolicLink(snapshot.resolve("model.safetensors"))).isFalse();
    hub.requests.clear();
    puller.pull(NAME);
    assertThat(hub.count("/resolve/")).isZero();
    assertThat(cache.find(REPO, "main")).isEqualTo(snapshot);
  }

  @Test
  void aBlobOfAnotherLengthIsFetchedAgain() throws IOException {
    pull();
    Files.write(weightsBlob(), new byte[5]);
    pull();
    assertThat(weightsBlob()).hasBinaryContent(weights);
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "", "a b", "/main", "a//b", "a/./b", "a\\b", "x\n"})
  void revisionsThatLeaveTheirFolderAreRefused(String revision) {
    assertThatThrownBy(() -> new PullOptions(revision, List.of(), List.of()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is no revision");
  }

  @Test
  void aReferenceThatIsNoCommitIsNotFollowed() throws IOException {
    Path refs = Files.createDirectories(folder.resolve(REPO.folder()).resolve("refs"));
    Files.writeString(refs.resolve("main"), "../../..");
    assertThat(new HubCache(folder).find(REPO, "main")).isNull();
  }

  @Test
  void settingsAreThoseOfHuggingfaceHub() throws IOException {
    Path home = folder.resolve("home");
    Path token = Files.writeString(folder.resolve("token"), "from_file\n");
    HubSettings plain = HubSettings.from(Map.of(), home);
    assertThat(plain.endpoint()).hasToString("https://huggingface.co");
    assertThat(plain.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
    assertThat(plain.token()).isNull();
    assertThat(plain.offline()).isFalse();
    String at = folder.toString();
    assertThat(HubSettings.from(Map.of("XDG_CACHE_HOME", at), home).cache())
        .isEqualTo(folder.resolve("huggingface/hub"));
    assertThat(HubSettings.from(Map.of("HF_HOME", "~/hf"), home).cache())
        .isEqualTo(home.resolve("hf/hub"));
    assertThat(HubSettings.from(Map.of("HF_HOME", at), home).token()).isEqualTo("from_file");
    assertThat(HubSettings.from(Map.of("HF_HOME", "/x", "HF_HUB_CACHE", at), home).cache())
        .isEqualTo(folder);
    assertThat(HubSettings.from(Map.of("HF_TOKEN_PATH", token.toString()), home).token())
        .isEqualTo("from_file");
    assertThat(HubSettings.from(Map.of("HF_HOME", at, "HF_TOKEN", " own "), home).token())
        .isEqualTo("own");
    assertThat(HubSettings.from(Map.of("HUGGING_FACE_HUB_TOKEN", "old"), home).token())
        .isEqualTo("old");
    assertThat(HubSettings.from(Map.of("HF_ENDPOINT", "http://mirror/hf/"), home).endpoint())
        .hasToString("http://mirror/hf");
    assertThat(HubSettings.from(Map.of("HF_HUB_OFFLINE", "YES"), home).offline()).isTrue();
    assertThat(HubSettings.from(Map.of("HF_HUB_OFFLINE", "0"), home).offline()).isFalse();
    assertThat(HubSettings.from(Map.of("HF_TOKEN", "own"), home).toString()).doesNotContain("own");
  }

  @Test
  void settingsThatMakeNoSenseAreRefused() {
    for (String wrong : new String[] {"huggingface.co", "file:///x", "http://", "http://u:p@h"}) {
      assertThatThrownBy(() -> HubSettings.from(Map.of("HF_ENDPOINT", wrong), folder))
          .hasMessageContaining("no web address");
    }
    assertThatThrownBy(() -> HubSettings.from(Map.of("HF_TOKEN", "a\r\nHost: b"), folder))
        .hasMessageContaining("HF_TOKEN holds no token")
        .hasMessageNotContaining("Host");
    assertThatThrownBy(() -> settings().withTokenFile(folder.resolve("none")))
        .hasMessageContaining("there is no file");
  }
}
