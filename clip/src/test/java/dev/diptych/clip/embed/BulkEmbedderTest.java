package dev.diptych.clip.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.embed.EmbedOptions.Content;
import dev.diptych.clip.embed.EmbedOptions.FileFormat;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.Npy;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BulkEmbedderTest {
  private static final JsonMapper JSON = new JsonMapper();
  private static final EmbedOptions FOURS =
      EmbedOptions.DEFAULT.withFiles(FileFormat.NPY, DType.F32, 4).withBatchSize(3);

  private final Diptych model = Tiny.model(3);
  @TempDir private Path folder;
  private Path pictures;
  private Path out;

  @BeforeEach
  void draw() {
    pictures = folder.resolve("pictures");
    out = folder.resolve("out");
    for (int i = 0; i < 11; i++) {
      Tiny.png(picture(i), i);
    }
  }

  @AfterEach
  void close() {
    model.close();
  }

  private Path picture(int i) {
    return pictures.resolve("p%02d.png".formatted(i));
  }

  private BulkEmbedder.Outcome embed(EmbedOptions options, Object... specs) {
    List<String> names = new ArrayList<>();
    for (Object spec : specs) {
      names.add(spec.toString());
    }
    return new BulkEmbedder(out, model, "the model", options).run(names, amount -> {});
  }

  private Tensor npy(String name) throws IOException {
    return Npy.read(out.resolve(name));
  }

  private List<JsonNode> rows(int part) throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("metadata/metadata_" + part + ".jsonl"))) {
      rows.add(JSON.readTree(line));
    }
    return rows;
  }

  private float[] imageVector(int i) {
    return model.embedPictures(List.of(PictureDecoder.read(picture(i))))[0];
  }

  private float[] textVector(String text) {
    return model.embedTexts(List.of(text))[0];
  }

  private static float[] row(Tensor rows, int i) {
    return rows.narrow(0, i, 1).toArray();
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void partsHoldTheVectorsOfAllPicturesInOrderBesideATableOfTheirNames() throws IOException {
    BulkEmbedder.Outcome outcome = embed(FOURS, pictures);
    assertThat(outcome).isEqualTo(new BulkEmbedder.Outcome(11, 0, 3, 0, 12, 0, 0));
    for (int i = 0; i < 11; i++) {
      Tensor vectors = npy("img_emb/img_emb_" + i / 4 + ".npy");
      assertThat(vectors.shape()).isEqualTo(Shape.of(i < 8 ? 4 : 3, 12));
      assertThat(row(vectors, i % 4)).containsExactly(imageVector(i));
      JsonNode named = rows(i / 4).get(i % 4);
      assertThat(named.path("key").asString()).isEqualTo("p%02d.png".formatted(i));
      assertThat(named.path("image_path").asString()).isEqualTo(picture(i).toString());
      assertThat(rows(i / 4)).hasSize(i < 8 ? 4 : 3);
    }
    assertThat(out.resolve("text_emb")).doesNotExist();
    JsonNode manifest = JSON.readTree(Files.readString(out.resolve("manifest.json")));
    assertThat(manifest.path("fingerprint").asString()).isEqualTo(model.clip().fingerprint());
    assertThat(manifest.path("imageWidth").asInt()).isEqualTo(12);
    assertThat(manifest.path("options").path("dtype").asString()).isEqualTo("f32");
    assertThat(manifest.path("parts").get(2).path("from").asInt()).isEqualTo(8);
    assertThat(manifest.path("parts").get(2).path("to").asInt()).isEqualTo(11);
  }

  @Test
  void partsBelongToOneInputEach() throws IOException {
    Path more = folder.resolve("more");
    Tiny.png(more.resolve("x.png"), 77);
    embed(FOURS, picture(0), picture(1), more, picture(2));
    assertThat(npy("img_emb/img_emb_0.npy").dim(0)).isEqualTo(2);
    assertThat(npy("img_emb/img_emb_1.npy").dim(0)).isEqualTo(1);
    assertThat(row(npy("img_emb/img_emb_2.npy"), 0)).containsExactly(imageVector(2));
  }

  @Test
  void halfPrecisionAndSafetensorsHoldTheSame() throws IOException {
    embed(FOURS.withFiles(FileFormat.SAFETENSORS, DType.F16, 100), pictures);
    try (Safetensors file = Safetensors.open(out.resolve("img_emb/img_emb_0.safetensors"))) {
      assertThat(file.entry("embeddings").dtype()).isEqualTo(DType.F16);
      assertThat(file.entry("embeddings").shape()).isEqualTo(Shape.of(11, 12));
      float[] halves = row(file.floats("embeddings"), 7);
      float[] exact = imageVector(7);
      for (int i = 0; i < 12; i++) {
        assertThat(halves[i]).isEqualTo(Float.float16ToFloat(Float.floatToFloat16(exact[i])));
      }
    }
  }

  @Test
  void featuresAreThoseThatLinearProbesLearnFrom() throws IOException {
    embed(FOURS.withOutput(PictureEmbedder.Output.FEATURES), pictures);
    assertThat(npy("img_emb/img_emb_1.npy").shape()).isEqualTo(Shape.of(4, 24));
    assertThatThrownBy(
            () -> FOURS.withOutput(PictureEmbedder.Output.FEATURES).withContent(Content.TEXTS))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--features");
  }

  @Test
  void pairsHaveAVectorOfEachInTheSameRow() throws IOException {
    Path table =
        write(
            "t.csv",
            """
            filepath,title
            pictures/p03.png,a lamp
            pictures/p04.png,
            pictures/p05.png,two red dogs
            pictures/p05.png,another caption
            """);
    BulkEmbedder.Outcome outcome = embed(FOURS.withContent(Content.PAIRS), table);
    assertThat(outcome.bad()).isEqualTo(1);
    Tensor images = npy("img_emb/img_emb_0.npy");
    Tensor texts = npy("text_emb/text_emb_0.npy");
    assertThat(images.dim(0)).isEqualTo(2);
    assertThat(row(images, 1)).containsExactly(imageVector(5));
    assertThat(row(texts, 0)).containsExactly(textVector("a lamp"));
    assertThat(row(texts, 1)).containsExactly(textVector("two red dogs"));
    assertThat(rows(0).get(1).path("caption").asString()).isEqualTo("two red dogs");
  }

  @Test
  void aFolderOfPicturesAloneHasNoPairs() {
    assertThatThrownBy(() -> embed(FOURS.withContent(Content.PAIRS), pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("nothing to embed")
        .hasMessageContaining("11 no caption");
  }

  @Test
  void textsComeFromLinesFieldsColumnsAndCaptions() throws IOException {
    Path lines = write("a.txt", "\uFEFFa lamp\n\n two red dogs \r\nlast");
    Path json = write("b.jsonl", "{\"t\":\"a cat\"}\n{\"t\":7}\nno json\n{\"t\":\"x\"}\n");
    Path table = write("c.tsv", "id\tcaption\n1\t\"a\tb\"\n2\tplain\n");
    Path flickr = write("captions.txt", "image,caption\n1.jpg,a dog, and a cat\n");
    EmbedOptions options =
        FOURS.withContent(Content.TEXTS).withReading(FOURS.reading(), "t").withBatchSize(2);
    BulkEmbedder.Outcome outcome = embed(options, lines, json, table, flickr);
    assertThat(outcome).isEqualTo(new BulkEmbedder.Outcome(8, 0, 4, 0, 0, 12, 3));
    String[][] expected = {
      {"a lamp", "two red dogs", "last"}, {"a cat", "x"}, {"a\tb", "plain"}, {"a dog, and a cat"}
    };
    for (int part = 0; part < 4; part++) {
      Tensor vectors = npy("text_emb/text_emb_" + part + ".npy");
      assertThat(vectors.dim(0)).isEqualTo(expected[part].length);
      for (int i = 0; i < expected[part].length; i++) {
        assertThat(row(vectors, i)).containsExactly(textVector(expected[part][i]));
        assertThat(rows(part).get(i).path("caption").asString()).isEqualTo(expected[part][i]);
      }
    }
    assertThat(rows(0).get(1).path("key").asString()).isEqualTo(lines + ":3");
    assertThat(rows(3).getFirst().path("image_path").asString()).isEqualTo("1.jpg");
    assertThat(out.resolve("img_emb")).doesNotExist();
  }

  @Test
  void unreadablePicturesAreLeftOutCountedAndNamed() throws IOException {
    Files.writeString(picture(5), "no picture");
    BulkEmbedder.Outcome outcome = embed(FOURS, pictures);
    assertThat(outcome.rows()).isEqualTo(10);
    assertThat(outcome.bad()).isEqualTo(1);
    assertThat(npy("img_emb/img_emb_1.npy").dim(0)).isEqualTo(3);
    assertThat(rows(1)).hasSize(3);
    JsonNode note = JSON.readTree(Files.readString(out.resolve("parts/parts_1.json")));
    assertThat(note.path("rows").asInt()).isEqualTo(3);
    assertThat(note.path("bad").get(0).path("record").asString()).isEqualTo(picture(5).toString());
    assertThat(note.path("bad").get(0).path("detail").asString()).startsWith("no picture that can");
    // The count stays when there is nothing left to do.
    assertThat(embed(FOURS, pictures)).isEqualTo(new BulkEmbedder.Outcome(0, 10, 3, 0, 12, 0, 1));
  }

  @Test
  void aPartWithoutOneReadablePictureIsEmptyAndNotMissing() throws IOException {
    for (int i = 4; i < 8; i++) {
      Files.writeString(picture(i), "no picture");
    }
    embed(FOURS, pictures);
    assertThat(npy("img_emb/img_emb_1.npy").shape()).isEqualTo(Shape.of(0, 12));
    assertThat(rows(1)).isEmpty();
  }

  @Test
  void tooManyUnreadablePicturesEndTheWork() throws IOException {
    Files.writeString(picture(5), "no picture");
    EmbedOptions strict =
        FOURS.withReading(FOURS.reading().withBadLimit(BadLimit.NONE), FOURS.textField());
    assertThatThrownBy(() -> embed(strict, pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1 of 11 records are bad")
        .hasMessageContaining("p05.png")
        .hasMessageContaining("--max-bad");
    assertThat(out.resolve("parts/parts_0.json")).exists();
    assertThat(out.resolve("parts/parts_1.json")).doesNotExist();
  }

  @Test
  void whatIsDoneIsNotDoneAgain() throws IOException {
    embed(FOURS, pictures);
    byte[] before = Files.readAllBytes(out.resolve("img_emb/img_emb_1.npy"));
    FileTime old = FileTime.fromMillis(1000);
    Files.setLastModifiedTime(out.resolve("img_emb/img_emb_0.npy"), old);
    Files.delete(out.resolve("img_emb/img_emb_1.npy"));
    assertThat(embed(FOURS.withBatchSize(64), pictures))
        .isEqualTo(new BulkEmbedder.Outcome(4, 7, 3, 0, 12, 0, 0));
    assertThat(Files.readAllBytes(out.resolve("img_emb/img_emb_1.npy"))).isEqualTo(before);
    assertThat(Files.getLastModifiedTime(out.resolve("img_emb/img_emb_0.npy"))).isEqualTo(old);
  }

  @Test
  void processesTakeTheirOwnPartsOnly() {
    assertThat(embed(FOURS.withRank(1, 2), pictures))
        .isEqualTo(new BulkEmbedder.Outcome(4, 0, 1, 2, 12, 0, 0));
    assertThat(out.resolve("img_emb/img_emb_0.npy")).doesNotExist();
    assertThat(embed(FOURS.withRank(0, 2), pictures))
        .isEqualTo(new BulkEmbedder.Outcome(7, 4, 3, 0, 12, 0, 0));
    assertThatThrownBy(() -> FOURS.withRank(2, 2)).hasMessageContaining("rank 2 of 2");
  }

  @Test
  void whatWasBegunOtherwiseIsRefused() throws IOException {
    embed(FOURS, pictures);
    assertThatThrownBy(() -> embed(FOURS.withFiles(FileFormat.NPY, DType.F16, 4), pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("begun with --dtype f32, now it is f16");
    assertThatThrownBy(() -> embed(FOURS, picture(1)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("begun with other data: input 1 was " + pictures);
    try (Diptych other = Tiny.model(4)) {
      assertThatThrownBy(() ->
              new BulkEmbedder(out, other, "another", FOURS)
                  .run(List.of(pictures.toString()), amount -> {}))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("begun with the model the model")
          .hasMessageContaining("those of another");
    }
    Files.writeString(out.resolve("manifest.json"), "{\"version\":1}");
    assertThatThrownBy(() -> embed(FOURS, pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("manifest.json is damaged");
  }

  @Test
  void anInputThatHasChangedIsRefused() throws IOException {
    embed(FOURS.withRank(0, 2), pictures);
    Files.move(picture(4), pictures.resolve("p04b.png"));
    assertThatThrownBy(() -> embed(FOURS, pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("records 4 to 8 are others now");
    assertThat(out.resolve("parts/parts_1.json")).doesNotExist();
  }

  @Test
  void aFolderWithSomethingElseInItIsRefused() throws IOException {
    Files.createDirectories(out);
    Files.writeString(out.resolve("thesis.tex"), "");
    assertThatThrownBy(() -> embed(FOURS, pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no manifest.json");
  }

  @Test
  void moreThanAFileCanHoldIsRefused() {
    assertThatThrownBy(
            () -> embed(FOURS.withFiles(FileFormat.NPY, DType.F32, Integer.MAX_VALUE), pictures))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("lower --rows-per-file");
  }
}
