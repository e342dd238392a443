package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PictureFolderTest {
  @TempDir private Path folder;

  private IndexedSource open(String spec) {
    return DataSource.openPictures(spec, BadLimit.NONE);
  }

  @Test
  void theTopmostFolderIsTheClass() throws IOException {
    Tiny.png(folder.resolve("dog/b.PNG"), 1);
    Tiny.png(folder.resolve("dog/a/deep.png"), 2);
    Tiny.png(folder.resolve("cat/c.png"), 3);
    Tiny.png(folder.resolve("top.png"), 4);
    Tiny.png(folder.resolve(".hidden/x.png"), 5);
    Tiny.png(folder.resolve("dog/.x.png"), 6);
    Files.writeString(folder.resolve("captions.txt"), "image,caption\nnone.jpg,a\n");
    IndexedSource source = open(folder.toString());
    assertThat(source.examples())
        .extracting(Example::key)
        .containsExactly("cat/c.png", "dog/a/deep.png", "dog/b.PNG", "top.png");
    assertThat(source.examples())
        .extracting(Example::label)
        .containsExactly("cat", "dog", "dog", null);
    assertThat(source.examples()).extracting(Example::pictureId).containsExactly(0L, 1L, 2L, 3L);
  }

  @Test
  void filesFoldersAndShardsJoin() {
    Path single = Tiny.png(folder.resolve("one.png"), 1);
    Path pictures = folder.resolve("pictures");
    Tiny.png(pictures.resolve("two.png"), 2);
    Path shards = folder.resolve("shards");
    Samples.write(shards.resolve("x.txt"), "");
    Samples.shard(shards.resolve("t-0.tar"), 0, 3, List.of());
    IndexedSource source = open(single + "::" + pictures + "::" + shards);
    assertThat(source.examples())
        .extracting(Example::key)
        .containsExactly(single.toString(), "two.png", "0", "1", "2");
  }

  @Test
  void linksThatLeadInCirclesAreBadRecords() throws IOException {
    Tiny.png(folder.resolve("dog/a.png"), 1);
    Files.createSymbolicLink(folder.resolve("dog/loop"), folder);
    assertThat(DataSource.openPictures(folder.toString(), BadLimit.DEFAULT).size()).isEqualTo(1);
    assertThatThrownBy(() -> open(folder.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("dog/loop");
  }

  @Test
  void aFolderWithoutPicturesIsRefused() throws IOException {
    Files.writeString(folder.resolve("notes.txt"), "nothing");
    assertThatThrownBy(() -> open(folder.toString()))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds no usable picture");
  }
}
