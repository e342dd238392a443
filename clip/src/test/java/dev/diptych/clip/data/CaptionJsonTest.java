package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.SharedData;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Area;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionJsonTest {
  private static final String COCO =
      """
      {"images": [{"id": 7, "file_name": "b.jpg"}, {"id": 3, "file_name": "a.jpg"},
                  {"id": 4, "file_name": "gone.jpg"}, {"id": 5, "file_name": "a2.jpg"},
                  {"file_name": "x.jpg"}],
       "annotations": [{"image_id": 3, "caption": "one "}, {"image_id": 7, "caption": "two"},
                       {"image_id": 3, "caption": "three"}, {"image_id": 4, "caption": "four"},
                       {"image_id": 99, "caption": "lost"}, {"image_id": 3, "caption": 5}]}
      """;
  private static final String KARPATHY =
      """
      {"dataset": "flickr30k", "images": [
        {"filename": "a.jpg", "split": "train", "sentences": [{"raw": "one"}, {"raw": "two"}]},
        {"filename": "b.jpg", "split": "test", "sentences": [{"raw": "three"}]},
        {"filename": "c.jpg", "filepath": "val2014", "split": "restval",
         "sentences": [{"raw": "four"}]}]}
      """;

  @TempDir private Path folder;

  private static IndexedSource open(Path file, DataOptions options) {
    return DataSource.openIndexed(file.toString(), options);
  }

  @Test
  void gathersCocosCaptionsInTheOrderOfThePictures() throws IOException {
    Samples.write(folder.resolve("val2017/a.jpg"), "Pa");
    Samples.write(folder.resolve("val2017/a2.jpg"), "P2");
    Samples.write(folder.resolve("images/b.jpg"), "Pb");
    Path file = Samples.write(folder.resolve("annotations/captions_val2017.json"), COCO);
    IndexedSource source = open(file, DataOptions.DEFAULT.withSplit("test"));
    assertThat(source.examples()).extracting(Example::key).containsExactly("b.jpg", "a.jpg");
    assertThat(source.example(1).captions()).containsExactly("one", "three");
    assertThat(new String(source.example(0).picture().read(), StandardCharsets.UTF_8))
        .isEqualTo("Pb");
    assertThat(source.bad().count(BadReason.MISSING_PICTURE)).isEqualTo(2);
    assertThat(source.bad().count(BadReason.MISSING_CAPTION)).isEqualTo(1);
    assertThat(source.bad().count(BadReason.BAD_ROW)).isEqualTo(2);
  }

  @Test
  void readsThePartOfKarpathysSplitThatIsAskedFor() {
    Samples.write(folder.resolve("images/a.jpg"), "Pa");
    Samples.write(folder.resolve("b.jpg"), "Pb");
    Samples.write(folder.resolve("val2014/c.jpg"), "Pc");
    Path file = Samples.write(folder.resolve("dataset_flickr30k.json"), KARPATHY);
    assertThat(open(file, DataOptions.DEFAULT).size()).isEqualTo(3);
    IndexedSource test = open(file, DataOptions.DEFAULT.withSplit("test"));
    assertThat(test.examples()).extracting(Example::key).containsExactly("b.jpg");
    IndexedSource train = open(folder, DataOptions.DEFAULT.withSplit("train"));
    assertThat(train.examples())
        .extracting(Example::captions)
        .containsExactly(List.of("one", "two"), List.of("four"));
    assertThatThrownBy(() -> open(file, DataOptions.DEFAULT.withSplit("val")))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no picture is of the split val; there are: restval, test, train");
  }

  @Test
  void refusesWhatIsNeither() {
    Path noJson = Samples.write(folder.resolve("captions_a.json"), "{\"images\": [");
    assertThatThrownBy(() -> open(noJson, DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("captions_a.json: is no JSON");
    Path list = Samples.write(folder.resolve("list.json"), "[1]");
    assertThatThrownBy(() -> open(list, DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("expected a JSON object");
    Path other = Samples.write(folder.resolve("other.json"), "{\"pictures\": []}");
    assertThatThrownBy(() -> open(other, DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no list \"images\", found [pictures]");
    Path boxes =
        Samples.write(
            folder.resolve("instances.json"),
            "{\"images\": [], \"annotations\": [{\"image_id\": 1, \"bbox\": [0, 0, 1, 1]}]}");
    assertThatThrownBy(() -> open(boxes, DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no annotation has a caption");
  }

  @Test
  void readsCocoItself() {
    Path coco = SharedData.folder("coco-51");
    IndexedSource source =
        DataSource.openIndexed(
            coco.resolve("captions_val2017.json") + "::" + coco.resolve("captions_train2017.json"),
            DataOptions.DEFAULT.withBadLimit(BadLimit.NONE));
    assertThat(source.size()).isEqualTo(51);
    assertThat(source.captionCount()).isEqualTo(255);
    assertThatThrownBy(() -> DataSource.openIndexed(coco.toString(), DataOptions.DEFAULT))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("name the file itself");
  }

  @Test
  void readsBoxes() {
    Path coco = SharedData.folder("coco-51");
    BadRecords bad = new BadRecords("coco", BadLimit.NONE);
    List<CocoInstances.Scene> scenes = CocoInstances.read(coco, null, bad);
    assertThat(scenes).hasSizeBetween(45, 51);
    assertThat(bad.total()).isZero();
    int boxes = 0;
    for (CocoInstances.Scene scene : scenes) {
      assertThat(scene.things()).isNotEmpty();
      boxes += scene.things().values().stream().mapToInt(List::size).sum();
    }
    assertThat(boxes).isEqualTo(213 + 333);
  }

  @Test
  void boxesThatMakeNoSenseAreCounted() {
    Samples.write(folder.resolve("a.jpg"), "Pa");
    Path file =
        Samples.write(
            folder.resolve("instances_x.json"),
            """
            {"images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "gone.jpg"}],
             "categories": [{"id": 5, "name": "cat"}],
             "annotations": [{"image_id": 1, "category_id": 5, "bbox": [1, 2, 3, 4.5]},
               {"image_id": 1, "category_id": 6, "bbox": [1, 2, 3, 4]},
               {"image_id": 1, "category_id": 5, "bbox": [1, 2, -3, 4]},
               {"image_id": 2, "category_id": 5, "bbox": [1, 2, 3, 4]}]}
            """);
    BadRecords bad = new BadRecords("x", BadLimit.DEFAULT);
    List<CocoInstances.Scene> scenes = CocoInstances.read(file, null, bad);
    assertThat(scenes).hasSize(1);
    assertThat(scenes.getFirst().things())
        .containsExactly(Map.entry("cat", List.of(new Area(1, 2, 3, 4.5))));
    assertThat(bad.count(BadReason.BAD_ROW)).isEqualTo(2);
    assertThat(bad.count(BadReason.MISSING_PICTURE)).isEqualTo(1);
    assertThatThrownBy(() -> CocoInstances.read(folder.resolve("images"), null, bad))
        .isInstanceOf(UserException.class);
  }
}
