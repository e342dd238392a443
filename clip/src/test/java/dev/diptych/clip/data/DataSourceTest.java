package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DataSourceTest {
  @TempDir private Path folder;

  private int size(String spec) {
    return DataSource.openIndexed(spec, DataOptions.DEFAULT).size();
  }

  @Test
  void findsShardsByNameBracesFolderAndJoin() {
    Path first = Samples.shard(folder.resolve("t-000.tar"), 0, 3, List.of());
    Samples.shard(folder.resolve("t-001.tar"), 3, 2, List.of());
    Path table = Samples.write(folder.resolve("x/t.csv"), "image,caption\n../p.jpg,a\nq.jpg,b\n");
    Samples.write(folder.resolve("x/q.jpg"), "P");
    assertThat(size(first.toString())).isEqualTo(3);
    assertThat(size(folder + "/t-{000..001}.tar")).isEqualTo(5);
    assertThat(size(folder.toString())).isEqualTo(5);
    assertThat(size(folder.resolve("x").toString())).isEqualTo(1);
    assertThat(size(folder + "/t-{000..001}.tar::" + table)).isEqualTo(6);
    IndexedSource all =
        DataSource.openIndexed(table + "::" + folder + "/t-{000..001}.tar", DataOptions.DEFAULT);
    assertThat(all.examples())
        .extracting(Example::pictureId)
        .containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    assertThat(all.examples()).extracting(Example::key).startsWith("q.jpg", "0", "1");
  }

  @Test
  void aFileWhoseNameHoldsBracesIsItself() {
    Path odd = Samples.shard(folder.resolve("a{0..1}.tar"), 0, 2, List.of());
    assertThat(size(odd.toString())).isEqualTo(2);
  }

  @Test
  void saysWhichShardsAreMissing() {
    Samples.shard(folder.resolve("t-0.tar"), 0, 3, List.of());
    assertThatThrownBy(() -> size(folder + "/t-{0..3}.tar"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("t-1.tar: there is no such file")
        .hasMessageContaining("3 of the 4 files");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "a.tar::", "https://example.org/a.tar", "pipe:cat a.tar", "\0"})
  void refusesNamesOfNothing(String spec) {
    assertThatThrownBy(() -> size(spec)).isInstanceOf(UserException.class);
  }

  @Test
  void refusesFoldersAndFilesThatHoldNoData() {
    Samples.write(folder.resolve("one.csv"), "image,caption\n");
    Samples.write(folder.resolve("two.csv"), "image,caption\n");
    assertThatThrownBy(() -> size(folder.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("found one.csv, two.csv; name the file itself");
    Path other = Samples.write(folder.resolve("model.bin"), "x");
    assertThatThrownBy(() -> size(other.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("neither");
    assertThatThrownBy(() ->
            DataSource.open(
                folder.resolve("one.csv").toString(), DataOptions.DEFAULT.withStreaming(10)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("only tar shards can be streamed");
  }

  @Test
  void anEmptySetIsRefused() {
    Path shard = Samples.shard(folder.resolve("e.tar"), 0, 0, List.of());
    assertThatThrownBy(() -> size(shard.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds no usable picture");
  }

  @Test
  void aBadRecordIsCountedOnceHoweverOftenItComesBy() {
    BadRecords bad = new BadRecords("s", new BadLimit(1, 0));
    for (int i = 0; i < 5; i++) {
      bad.add(BadReason.CORRUPT_PICTURE, "a.jpg", "cut off");
    }
    bad.check(10);
    assertThat(bad.total()).isEqualTo(1);
    bad.add(BadReason.CORRUPT_PICTURE, "b.jpg", "cut off");
    assertThatThrownBy(() -> bad.check(10))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("2 of 12 records are bad")
        .hasMessageContaining("a.jpg: unreadable picture (cut off)")
        .hasMessageContaining("b.jpg");
  }

  @Test
  void aLimitMustMakeSense() {
    assertThatThrownBy(() -> new BadLimit(-1, 0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BadLimit(0, 1.5)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new BadLimit(0, Double.NaN))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
