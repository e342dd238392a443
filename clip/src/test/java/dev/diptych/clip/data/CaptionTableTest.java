package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionTableTest {
  @TempDir private Path folder;

  @BeforeEach
  void pictures() {
    Samples.write(folder.resolve("a.jpg"), "Pa");
    Samples.write(folder.resolve("Images/b.jpg"), "Pb");
    Samples.write(folder.resolve("images/c.jpg"), "Pc");
  }

  private IndexedSource open(String table, DataOptions options) {
    return DataSource.openIndexed(
        Samples.write(folder.resolve("table.csv"), table).toString(), options);
  }

  private IndexedSource open(String table) {
    return open(table, DataOptions.DEFAULT);
  }

  private static String read(Example example) throws IOException {
    return new String(example.picture().read(), StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "filepath,title\na.jpg,\"a, b\"\nb.jpg,c d\n",
        "filepath\ttitle\r\na.jpg\ta, b\r\nb.jpg\tc d",
        "image;caption\na.jpg;a, b\nb.jpg;c d",
        "image_name| comment_number| comment\na.jpg|0| a, b\nb.jpg|0| c d",
        "\uFEFFIMAGE,Caption\na.jpg,\"a, b\"\n\nb.jpg, c d ",
        "text,path\n\"a, b\",a.jpg\nc d,b.jpg",
        "image,caption\na.jpg,a, b\nb.jpg,c d\n"
      })
  void findsSeparatorAndColumns(String table) throws IOException {
    IndexedSource source = open(table);
    assertThat(source.examples()).extracting(Example::key).containsExactly("a.jpg", "b.jpg");
    assertThat(source.example(0).captions()).containsExactly("a, b");
    assertThat(source.example(1).captions()).containsExactly("c d");
    assertThat(read(source.example(1))).isEqualTo("Pb");
    assertThat(source.bad().total()).isZero();
  }

  @Test
  void takesTheColumnsAndTheSeparatorThatAreNamed() {
    DataOptions options = DataOptions.DEFAULT.withColumns("where", "what").withSeparator(';');
    IndexedSource source = open("title;where;what\nno;a.jpg;yes, this", options);
    assertThat(source.example(0).captions()).containsExactly("yes, this");
  }

  @Test
  void gathersTheCaptionsOfOnePictureHoweverItsPathIsWritten() {
    IndexedSource source =
        open("image,caption\na.jpg,one\n./a.jpg,two\nc.jpg,x\nImages/../a.jpg,three\n");
    assertThat(source.size()).isEqualTo(2);
    assertThat(source.captionCount()).isEqualTo(4);
    assertThat(source.example(0).captions()).containsExactly("one", "two", "three");
    assertThat(source.examples()).extracting(Example::pictureId).containsExactly(0L, 1L);
  }

  @Test
  void aMissingColumnIsNamedWithThoseFound() {
    assertThatThrownBy(() -> open("url,size\nx,1\n"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("table.csv")
        .hasMessageContaining("filepath")
        .hasMessageContaining("[\"url\", \"size\"]")
        .hasMessageContaining("--csv-img-key");
    assertThatThrownBy(
            () -> open("image,caption\nx,1\n", DataOptions.DEFAULT.withColumns(null, "titel")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("\"titel\"")
        .hasMessageContaining("[\"image\", \"caption\"]")
        .hasMessageContaining("--csv-caption-key");
  }

  @Test
  void badRowsAreCountedByReason() {
    IndexedSource source =
        open(
            """
            image,caption,source
            a.jpg,fine,w
            b.jpg,short
            gone.jpg,x,w
            b.jpg, ,w
            ,x,w
            ../secret.jpg,x,w
            a.jpg,x,w,v
            """);
    assertThat(source.size()).isEqualTo(1);
    assertThat(source.bad().count(BadReason.BAD_ROW)).isEqualTo(2);
    assertThat(source.bad().count(BadReason.MISSING_PICTURE)).isEqualTo(2);
    assertThat(source.bad().count(BadReason.EMPTY_CAPTION)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.PATH_OUTSIDE)).isEqualTo(1);
    assertThat(source.bad().summary()).startsWith("6 bad records skipped (").contains("2 bad row");
  }

  @Test
  void relativePathsStayInTheirFolderAndAbsoluteOnesAreTheUsersWord() throws IOException {
    Path inner = folder.resolve("sub/table.tsv");
    String rows = "filepath\ttitle\n../a.jpg\tout\n" + folder.resolve("a.jpg") + "\tabsolute\n";
    IndexedSource source =
        DataSource.openIndexed(Samples.write(inner, rows).toString(), DataOptions.DEFAULT);
    assertThat(source.size()).isEqualTo(1);
    assertThat(source.example(0).captions()).containsExactly("absolute");
    assertThat(read(source.example(0))).isEqualTo("Pa");
    assertThat(source.bad().count(BadReason.PATH_OUTSIDE)).isEqualTo(1);
    IndexedSource rooted =
        DataSource.openIndexed(
            Samples.write(inner, "filepath\ttitle\nb.jpg\tx\n").toString(),
            DataOptions.DEFAULT.withImageRoot(folder.resolve("Images")));
    assertThat(read(rooted.example(0))).isEqualTo("Pb");
  }

  @Test
  void readsFlickrFolders() throws IOException {
    Path captions = folder.resolve("captions.txt");
    Samples.write(captions, "image,caption\nb.jpg,one\nb.jpg,\"two, \"\"quoted\"\"\"\n");
    IndexedSource source = DataSource.openIndexed(folder.toString(), DataOptions.DEFAULT);
    assertThat(source.example(0).captions()).containsExactly("one", "two, \"quoted\"");
    assertThat(read(source.example(0))).isEqualTo("Pb");
    Files.delete(captions);
    Samples.write(
        folder.resolve("results_20130124.token"),
        "b.jpg#0\tA \"man\" , walking\nb.jpg#1\ttwo\na.jpg#0\tthree\nbroken line\n");
    IndexedSource tokens = DataSource.openIndexed(folder.toString(), DataOptions.DEFAULT);
    assertThat(tokens.example(0).captions()).containsExactly("A \"man\" , walking", "two");
    assertThat(tokens.size()).isEqualTo(2);
    assertThat(tokens.bad().count(BadReason.BAD_ROW)).isEqualTo(1);
  }

  @Test
  void refusesWhatIsNoTable() throws IOException {
    assertThatThrownBy(() -> open(""))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("empty");
    assertThatThrownBy(() -> open("image,caption\n"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds no usable picture");
    assertThatThrownBy(() -> open("image,caption\na.jpg,\"never closed\n"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("line 2");
    Path latin = folder.resolve("latin.csv");
    Files.write(latin, "image,caption\na.jpg,caf\u00e9\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> DataSource.open(latin.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("UTF-8");
    Files.write(latin, "image,caption\na.jpg,x\n".getBytes(StandardCharsets.UTF_16));
    assertThatThrownBy(() -> DataSource.open(latin.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("UTF-16");
  }

  @Test
  void tooManyBadRowsAreRefusedAndTheFirstNamed() {
    DataOptions strict = DataOptions.DEFAULT.withBadLimit(BadLimit.NONE);
    assertThatThrownBy(() -> open("image,caption\na.jpg,fine\ngone.jpg,x\n", strict))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1 of 2 records are bad, more than the 0 allowed")
        .hasMessageContaining("line 3")
        .hasMessageContaining("gone.jpg")
        .hasMessageContaining("--max-bad");
    assertThat(List.of(BadLimit.DEFAULT.allowed(10), BadLimit.DEFAULT.allowed(5000)))
        .containsExactly(10L, 50L);
  }
}
