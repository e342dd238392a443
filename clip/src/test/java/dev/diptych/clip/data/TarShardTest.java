package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TarShardTest {
  @TempDir private Path folder;

  private IndexedSource open(String... namesAndContents) {
    Path file = Samples.shard(folder.resolve("s.tar"), namesAndContents);
    return DataSource.openIndexed(file.toString(), DataOptions.DEFAULT);
  }

  private static String read(Example example) throws IOException {
    return new String(example.picture().read(), StandardCharsets.UTF_8);
  }

  @Test
  void groupsMembersByNameWhereverTheyStand() throws IOException {
    IndexedSource source =
        open(
            "1.jpg",
            "P1",
            "2.png",
            "P2",
            "1.txt",
            " one\n",
            "2.txt",
            "\uFEFFtwo",
            "2.cls",
            "7\n",
            "2.json",
            "{\"a\": 1}",
            "d/1.WEBP",
            "P3",
            "d/1.Txt",
            "three",
            "note",
            "no key",
            "._1.jpg",
            "hidden");
    assertThat(source.examples()).extracting(Example::key).containsExactly("1", "2", "d/1");
    assertThat(source.examples())
        .extracting(Example::captions)
        .containsExactly(List.of("one"), List.of("two"), List.of("three"));
    assertThat(read(source.example(0))).isEqualTo("P1");
    assertThat(read(source.example(2))).isEqualTo("P3");
    assertThat(source.example(1).label()).isEqualTo("7");
    Blob metadata = Objects.requireNonNull(source.example(1).metadata());
    assertThat(new String(metadata.read(), StandardCharsets.UTF_8)).isEqualTo("{\"a\": 1}");
    assertThat(source.bad().total()).isZero();
  }

  @Test
  void takesCaptionsFromJsonWhereThereIsNoText() {
    IndexedSource source =
        open(
            "1.jpg",
            "P",
            "1.json",
            "{\"caption\": \" from json \"}",
            "2.jpg",
            "P",
            "2.json",
            "{\"captions\": [\"x\", \"y\", 3, \" \"]}",
            "3.jpg",
            "P",
            "3.json",
            "{broken",
            "4.jpg",
            "P",
            "4.json",
            "{\"caption\": null}");
    assertThat(source.examples())
        .extracting(Example::captions)
        .containsExactly(List.of("from json"), List.of("x", "y"));
    assertThat(source.bad().count(BadReason.BROKEN_MEMBER)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.MISSING_CAPTION)).isEqualTo(1);
  }

  @Test
  void findsPicturesBehindLongAndForeignNames() throws IOException {
    String longName = "very/long/".repeat(30) + "犬 und Ä";
    IndexedSource source =
        open(longName + ".jpg", "P long", longName + ".txt", "dog", "x.jpg", "P x", "x.txt", "c");
    assertThat(source.example(0).key()).isEqualTo(longName);
    assertThat(read(source.example(0))).isEqualTo("P long");
    assertThat(read(source.example(1))).isEqualTo("P x");
  }

  @Test
  void aNameEndsAtItsFirstDot() {
    IndexedSource source =
        open(
            "a.b/1.jpg",
            "P",
            "a.b/1.txt",
            "dots in folders are no keys",
            "2.left.jpg",
            "P",
            "2.txt",
            "compound",
            "3.seg.png",
            "P",
            "3.jpg",
            "P",
            "3.txt",
            "three");
    assertThat(source.examples()).extracting(Example::key).containsExactly("a.b/1", "3");
    assertThat(source.bad().count(BadReason.MISSING_PICTURE)).isEqualTo(1);
  }

  @Test
  void namesThatClimbAreNamesOnly() throws IOException {
    IndexedSource source = open("../../etc/x.jpg", "P1", "../../etc/x.txt", "c");
    assertThat(source.example(0).key()).isEqualTo("../../etc/x");
    assertThat(read(source.example(0))).isEqualTo("P1");
    try (var files = Files.list(folder)) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void countsWhatIsMissingEmptyOrDoubled() {
    IndexedSource source =
        open(
            "1.jpg",
            "P",
            "1.txt",
            "fine",
            "2.jpg",
            "P",
            "3.txt",
            "no picture",
            "4.jpg",
            "P",
            "4.txt",
            " \n",
            "1.jpg",
            "P again",
            "5.json",
            "{}");
    assertThat(source.size()).isEqualTo(1);
    assertThat(source.bad().count(BadReason.MISSING_CAPTION)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.MISSING_PICTURE)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.EMPTY_CAPTION)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.BROKEN_MEMBER)).isEqualTo(1);
  }

  @Test
  void picturesWithAClassOnlyAreReadWhereCaptionsAreNotRequired() {
    Path file = Samples.shard(folder.resolve("c.tar"), "1.jpg", "P", "1.cls", "3");
    IndexedSource source =
        DataSource.openIndexed(file.toString(), DataOptions.DEFAULT.withRequireCaptions(false));
    assertThat(source.example(0).label()).isEqualTo("3");
    assertThat(source.example(0).captions()).isEmpty();
    assertThatThrownBy(() -> DataSource.open(file.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1 no caption");
  }

  @Test
  void aDamagedHeaderEndsTheShardAndIsReported() throws IOException {
    byte[] bytes = Samples.tar("1.jpg", "P", "1.txt", "one", "2.jpg", "P", "2.txt", "two");
    bytes[4 * 512 + 150] ^= 1; // in the check sum of the third header
    Path file = Files.write(folder.resolve("d.tar"), bytes);
    IndexedSource source = DataSource.openIndexed(file.toString(), DataOptions.DEFAULT);
    assertThat(source.examples()).extracting(Example::key).containsExactly("1");
    assertThat(source.bad().count(BadReason.DAMAGED_SHARD)).isEqualTo(1);
  }

  @Property(tries = 150)
  void whereverAShardIsCutItsWholeMembersAreRead(
      @ForAll @IntRange(min = 1, max = 9 * 1024) int length) throws IOException {
    byte[] bytes =
        Samples.tar("1.jpg", "P1", "1.txt", "one", "2.jpg", "P".repeat(700), "2.txt", "two");
    int contents = 4 * 512 + 3 * 512 + 2 * 512;
    Path file = Files.createTempFile("cut", ".tar");
    try {
      Files.write(file, Arrays.copyOf(bytes, length));
      BadRecords bad = new BadRecords("cut", BadLimit.DEFAULT);
      if (length < 512) {
        assertThatThrownBy(() -> TarShard.index(file, DataOptions.DEFAULT, bad))
            .isInstanceOf(UserException.class)
            .hasMessageContaining("no tar");
        return;
      }
      List<Example> examples = TarShard.index(file, DataOptions.DEFAULT, bad);
      assertThat(examples).hasSize(length >= contents - 509 ? 2 : length >= 3 * 512 + 3 ? 1 : 0);
      for (Example example : examples) {
        assertThat(example.picture().read()).startsWith((byte) 'P');
      }
      long damaged = bad.count(BadReason.DAMAGED_SHARD);
      if (length < contents || length >= contents + 512) { // between: within the end mark itself
        assertThat(damaged).isEqualTo(length < contents ? 1 : 0);
      }
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void refusesWhatIsNoShard() throws IOException {
    Path gone = folder.resolve("gone.tar");
    assertThatThrownBy(
            () -> TarShard.index(gone, DataOptions.DEFAULT, new BadRecords("", BadLimit.NONE)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no such file");
    Path text = Samples.write(folder.resolve("t.tar"), "no tar at all ".repeat(100));
    assertThatThrownBy(() -> DataSource.open(text.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no tar");
    Path empty = Samples.write(folder.resolve("e.tar"), "");
    assertThatThrownBy(() -> DataSource.open(empty.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("empty");
    Path gzip = Files.write(folder.resolve("g.tar.gz"), new byte[] {0x1F, (byte) 0x8B, 8, 0});
    assertThatThrownBy(() -> DataSource.open(gzip.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("gzip");
  }

  @Test
  void aShardThatShrinksLaterFailsAtThePictureOnly() throws IOException {
    Path file = Samples.shard(folder.resolve("s.tar"), "1.jpg", "P1", "1.txt", "one");
    IndexedSource source = DataSource.openIndexed(file.toString(), DataOptions.DEFAULT);
    Files.write(file, new byte[100]);
    assertThatThrownBy(() -> source.example(0).picture().read())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("1.jpg");
  }
}
