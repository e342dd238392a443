package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.clip.SharedData;
import dev.diptych.clip.Tiny;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code diptych evaluate} with a model of random weights: mechanics, not figures. */
class EvaluateCommandTest {
  @TempDir private Path folder;
  private Path model = Path.of("");
  private Path out = Path.of("");

  @BeforeEach
  void save() {
    model = Tiny.save(folder.resolve("model"), 5);
    out = folder.resolve("result.json");
  }

  private JsonNode result() throws IOException {
    return JsonMapper.shared().readTree(Files.readString(out));
  }

  private static List<String> names(JsonNode node) {
    return List.copyOf(node.propertyNames());
  }

  private Path classes() {
    for (int i = 0; i < 20; i++) {
      String name = i % 2 == 0 ? "cat" : "lamp";
      Tiny.png(folder.resolve("data/" + name + "/" + i + ".png"), i % 2 == 0 ? 1 : 40 + i);
    }
    return folder.resolve("data");
  }

  @Test
  void zeroShotResultsCanBeRepeated() throws IOException {
    Path data = classes();
    Files.writeString(data.resolve("cat/bad.png"), "no picture");
    Cli.Outcome outcome =
        Cli.run(
                "evaluate",
                "zeroshot_classification",
                "--model",
                model,
                "--data",
                data,
                "--template",
                "a photo of a {}",
                "--dataset",
                "pets",
                "--no-cache",
                "--out",
                out)
            .succeeded();
    assertThat(outcome.out()).contains("zeroshot_classification on pets", "20 pictures, 2 classes");
    JsonNode result = result();
    assertThat(names(result))
        .containsExactly(
            "dataset", "model", "pretrained", "task", "metrics", "language", "details");
    assertThat(result.get("dataset").stringValue()).isEqualTo("pets");
    assertThat(result.get("model").stringValue()).isEqualTo("custom");
    assertThat(names(result.get("metrics"))).containsExactly("acc1", "mean_per_class_recall");
    JsonNode details = result.get("details");
    assertThat(details.get("pictures").intValue()).isEqualTo(20);
    assertThat(details.get("bad_records").get("total").intValue()).isEqualTo(1);
    assertThat(details.get("templates").get(0).stringValue()).isEqualTo("a photo of a {}");
    assertThat(details.get("model_fingerprint").stringValue()).hasSize(64);
    assertThat(details.get("class_names_sha256").stringValue()).hasSize(64);
    assertThat(names(details))
        .contains("diptych_version", "java", "date", "data", "protocol", "prompts_sha256");
  }

  @Test
  void synsetsAndNumbersAreNoWordsToAskFor() {
    for (int i = 0; i < 4; i++) {
      Tiny.png(folder.resolve("data/n0144076" + i % 2 + "/" + i + ".png"), i);
    }
    Cli.run(
            "evaluate",
            "zeroshot_classification",
            "--model",
            model,
            "--data",
            folder.resolve("data"))
        .refused("n01440760", "--classes");
    Cli.run(
            "evaluate",
            "zeroshot_classification",
            "--model",
            model,
            "--data",
            folder.resolve("data"),
            "--classes",
            "imagenet")
        .refused("n01440760", "neither one of the 1000 names");
  }

  @Test
  void aProbeTellsWhatALineCanTell() throws IOException {
    Path data = classes();
    Path features = folder.resolve("features");
    for (int run = 0; run < 2; run++) {
      Cli.Outcome outcome =
          Cli.run(
                  "evaluate",
                  "linear_probe",
                  "--model",
                  model,
                  "--train-data",
                  data,
                  "--test-data",
                  data,
                  "--val-fraction",
                  "0.2",
                  "--features-dir",
                  features,
                  "--out",
                  out)
              .succeeded();
      assertThat(outcome.err()).contains("λ = 1.00e-06", "λ = 1.00 ");
    }
    JsonNode result = result();
    assertThat(result.get("metrics").get("acc1").doubleValue()).isGreaterThan(0.9);
    JsonNode details = result.get("details");
    assertThat(details.get("train_pictures").intValue()).isEqualTo(16);
    assertThat(details.get("val_pictures").intValue()).isEqualTo(4);
    assertThat(details.get("C").doubleValue() * details.get("lambda").doubleValue())
        .isCloseTo(1, within(1e-9));
    assertThat(details.get("trials").size()).isBetween(11, 15);
    try (var files = Files.list(features)) {
      assertThat(files).hasSize(1); // training and test set are the same pictures
    }
    Cli.run(
            "evaluate",
            "linear_probe",
            "--model",
            model,
            "--train-data",
            data,
            "--test-data",
            data,
            "--val-fraction",
            "1")
        .refused("validation share between 0 and 1");
  }

  @Test
  void cifarIsClassifiedFromItsShards() throws IOException {
    Path shard = SharedData.folder("cifar10").resolve("cifar10-test-000000.tar");
    Cli.run(
            "evaluate",
            "zeroshot_classification",
            "--model",
            model,
            "--data",
            shard,
            "--classes",
            "cifar10",
            "--templates",
            "cifar",
            "--no-cache",
            "--out",
            out)
        .succeeded();
    JsonNode result = result();
    assertThat(result.get("details").get("pictures").intValue()).isEqualTo(5000);
    assertThat(result.get("details").get("templates").size()).isEqualTo(18);
    double acc1 = result.get("metrics").get("acc1").doubleValue();
    assertThat(acc1).isBetween(0.02, 0.3); // a tenth, by chance
    assertThat(result.get("metrics").get("acc5").doubleValue()).isBetween(0.3, 0.7);
    // As many pictures of each class: then both are one figure.
    assertThat(result.get("metrics").get("mean_per_class_recall").doubleValue())
        .isCloseTo(acc1, within(1e-9));
  }

  /** Even the features of random weights know colours and coarse shapes. */
  @Test
  void aProbeOnRandomFeaturesOfCifarIsFarFromChance() throws IOException {
    Path cifar = SharedData.folder("cifar10");
    Cli.run(
            "evaluate",
            "linear_probe",
            "--model",
            model,
            "--train-data",
            cifar.resolve("cifar10-train-000000.tar"),
            "--val-data",
            cifar.resolve("cifar10-train-000001.tar"),
            "--test-data",
            cifar.resolve("cifar10-test-000000.tar"),
            "--max-iterations",
            "100",
            "--lambda",
            "0.01",
            "--out",
            out)
        .succeeded();
    assertThat(result().get("metrics").get("acc1").doubleValue()).isGreaterThan(0.18);
    assertThat(result().get("details").get("val_pictures").intValue()).isEqualTo(5000);
  }

  @Test
  void retrievalOnFlickrAndCoco() throws IOException {
    Path flickr = SharedData.folder("flickr8k-800");
    Cli.run(
            "evaluate",
            "zeroshot_retrieval",
            "--model",
            model,
            "--data",
            flickr.resolve("val"),
            "--captions-per-picture",
            "4",
            "--out",
            out)
        .succeeded();
    JsonNode metrics = result().get("metrics");
    assertThat(result().get("details").get("pictures").intValue()).isEqualTo(100);
    assertThat(result().get("details").get("captions").intValue()).isEqualTo(400);
    assertThat(metrics.get("image_retrieval_recall@5")).isEqualTo(metrics.get("text_to_image_R@5"));
    assertThat(metrics.get("text_retrieval_recall@10"))
        .isEqualTo(metrics.get("image_to_text_R@10"));
    assertThat(names(metrics)).contains("image_to_text_median_rank", "text_to_image_mean_rank");
    Path coco = SharedData.folder("coco-51");
    Cli.Outcome outcome =
        Cli.run(
                "evaluate",
                "zeroshot_retrieval",
                "--model",
                model,
                "--data",
                coco.resolve("captions_val2017.json"),
                "--template",
                "a photo of {}")
            .succeeded();
    assertThat(outcome.out()).contains("25 pictures, 125 captions");
    Cli.run(
            "evaluate",
            "zeroshot_retrieval",
            "--model",
            model,
            "--data",
            coco.resolve("captions_val2017.json"),
            "--template",
            "a photo")
        .refused("--template needs {}");
  }

  @Test
  void pointingOnCoco() throws IOException {
    Path coco = SharedData.folder("coco-51");
    String[] figures = new String[2];
    for (int run = 0; run < 2; run++) {
      Cli.run("evaluate", "pointing_game", "--model", model, "--data", coco, "--out", out)
          .succeeded();
      figures[run] = result().get("metrics").toString();
    }
    assertThat(figures[1]).isEqualTo(figures[0]);
    JsonNode details = result().get("details");
    JsonNode metrics = result().get("metrics");
    int questions = details.get("questions").intValue();
    assertThat(questions + details.get("questions_out_of_sight").intValue()).isEqualTo(QUESTIONS);
    assertThat(details.get("classes").intValue()).isBetween(30, 80);
    assertThat(details.get("questions_difficult").intValue()).isBetween(1, questions);
    // The centre does not depend on the model, and beats pointing anywhere.
    double centre = metrics.get("pointing_accuracy_centre").doubleValue();
    assertThat(centre).isGreaterThan(metrics.get("pointing_accuracy_random").doubleValue());
    assertThat(centre).isBetween(0.2, 0.7);
    assertThat(metrics.get("pointing_accuracy_difficult_centre").doubleValue()).isLessThan(centre);
    assertThat(metrics.get("pointing_accuracy").doubleValue()).isBetween(0.0, 1.0);
  }

  /** Different classes in each picture of coco-51, summed: counted with another program. */
  private static final int QUESTIONS = 213;
}
