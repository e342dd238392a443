package dev.diptych.clip.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.Clip;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.Goldens;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.weights.ModelWriter.Format;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/** What is written is what the originals wrote, and is read again as it was. */
class ModelWriterTest {
  @TempDir Path folder;

  private static void write(LoadedModel model, Path out, Format format) throws IOException {
    new ModelWriter(model.clip(), model.preprocess(), null, DType.F32).write(out, format, false);
  }

  private static LoadedModel golden(String set, String name) {
    return ModelFiles.read(Goldens.folder(set).resolve(name), null);
  }

  @Test
  void huggingFacesDirectoryOutOfOpenAisFile() throws IOException {
    Path expected = Goldens.folder("vit").resolve("hf");
    Path out = folder.resolve("out");
    write(golden("vit", "model.openai.safetensors"), out, Format.HF);
    assertSame(
        expected.resolve("model.safetensors"), out.resolve("model.safetensors"), ".position_ids");
    JsonNode config = StatedModel.json(out.resolve("config.json"));
    StatedModel.json(expected.resolve("config.json"))
        .properties()
        .forEach(property -> {
          if (!property.getKey().equals("transformers_version")) {
            assertThat(config.path(property.getKey()))
                .as(property.getKey())
                .isEqualTo(property.getValue());
          }
        });
    JsonNode pictures = StatedModel.json(out.resolve("preprocessor_config.json"));
    JsonNode recorded = StatedModel.json(expected.resolve("preprocessor_config.json"));
    for (String key : new String[] {"image_mean", "image_std", "resample", "do_center_crop"}) {
      assertThat(pictures.path(key).toString()).as(key).isEqualTo(recorded.path(key).toString());
    }
    assertThat(pictures.path("size").path("shortest_edge").asInt()).isEqualTo(32);
  }

  @Test
  void openAisFileOutOfHuggingFacesDirectory() throws IOException {
    Path out = folder.resolve("out.safetensors");
    write(golden("vit", "hf"), out, Format.OPENAI);
    assertSame(Goldens.folder("vit").resolve("model.openai.safetensors"), out, "");
  }

  @Test
  void openClipsDirectoryOfAResNetHasWhatItsStrictLoaderWants() throws IOException {
    Path out = folder.resolve("out");
    write(golden("resnet", "torchscript.fp16.pt"), out, Format.OPEN_CLIP);
    Path written = out.resolve("open_clip_model.safetensors");
    Path expected = Goldens.folder("resnet").resolve("model.openai.safetensors");
    assertSame(expected, written, ".num_batches_tracked");
    try (Safetensors theirs = Safetensors.open(expected);
        Safetensors ours = Safetensors.open(written)) {
      assertThat(ours.names()).containsExactlyInAnyOrderElementsOf(theirs.names());
      assertThat(ours.entry("visual.bn1.num_batches_tracked"))
          .isEqualTo(theirs.entry("visual.bn1.num_batches_tracked"));
    }
    LoadedModel read = ModelFiles.read(out, null);
    assertThat(read.activationFrom()).isEqualTo("says open_clip_config.json");
    assertThat(read.clip().fingerprint())
        .isEqualTo(golden("resnet", "model.openai.safetensors").clip().fingerprint());
  }

  @Test
  void openClipsConfigurationIsTheRecordedOne() throws IOException {
    Path micro = Goldens.folder("micro_formats");
    LoadedModel model =
        ModelFiles.read(micro.resolve("openclip_customtext.fp16.safetensors"), null);
    write(model, folder.resolve("out"), Format.OPEN_CLIP);
    assertThat(StatedModel.json(folder.resolve("out/open_clip_config.json")))
        .isEqualTo(StatedModel.json(micro.resolve("open_clip_config.json")));
  }

  /** Same names, types, shapes and bits, but for names that end in {@code without}. */
  private static void assertSame(Path expectedFile, Path foundFile, String without)
      throws IOException {
    try (Safetensors expected = Safetensors.open(expectedFile);
        Safetensors found = Safetensors.open(foundFile)) {
      Set<String> names = new TreeSet<>(expected.names());
      Set<String> foundNames = new TreeSet<>(found.names());
      if (!without.isEmpty()) {
        names.removeIf(name -> name.endsWith(without));
        foundNames.removeIf(name -> name.endsWith(without));
      }
      assertThat(foundNames).isEqualTo(names);
      for (String name : names) {
        assertThat(found.entry(name)).isEqualTo(expected.entry(name));
        assertThat(found.floats(name).toArray())
            .as(name)
            .isEqualTo(expected.floats(name).toArray());
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void whatIsWrittenIsRead(Format format) throws IOException {
    try (Diptych model = Tiny.model(5)) {
      Path out = folder.resolve("out.safetensors");
      new ModelWriter(model.clip(), model.preprocess(), model.tokenizer(), DType.F32)
          .write(out, format, false);
      LoadedModel read = ModelFiles.read(out, null);
      assertThat(read.clip().config()).isEqualTo(model.clip().config());
      assertThat(read.clip().fingerprint()).isEqualTo(model.clip().fingerprint());
      assertThat(read.activationFrom()).isNotEqualTo("guessed");
      if (format.isDirectory()) {
        try (Diptych again = Diptych.load(out)) {
          assertThat(again.embedTexts(List.of("a lamp")))
              .isDeepEqualTo(model.embedTexts(List.of("a lamp")));
        }
      }
    }
  }

  @Test
  void halfPrecisionRoundsAndRefusesWhatItCannotHold() throws IOException {
    Clip clip = Clip.create(OpenAiWeightsTest.ODD, 1);
    Preprocess preprocess = new Preprocess(12);
    for (DType dtype : new DType[] {DType.F16, DType.BF16}) {
      Path out = folder.resolve(dtype + "");
      new ModelWriter(clip, preprocess, null, dtype).write(out, Format.HF, false);
      assertThat(StatedModel.json(out.resolve("config.json")).path("torch_dtype").asString())
          .isEqualTo(dtype == DType.F16 ? "float16" : "bfloat16");
      try (NamedTensors written = Safetensors.open(out.resolve("model.safetensors"))) {
        for (String name : written.names()) {
          assertThat(written.entry(name).dtype()).as(name).isEqualTo(dtype);
        }
      }
      float[] exact = clip.parameters().values().toArray();
      float[] rounded = ModelFiles.load(out).parameters().values().toArray();
      for (int i = 0; i < exact.length; i++) {
        float nearest =
            dtype == DType.F16
                ? Float.float16ToFloat(Float.floatToFloat16(exact[i]))
                : DType.fromBf16(DType.toBf16(exact[i]));
        assertThat(rounded[i]).isEqualTo(nearest);
      }
    }
    clip.logitScale().value().floats().fill(70_000);
    assertThatThrownBy(() ->
            new ModelWriter(clip, preprocess, null, DType.F16)
                .write(folder.resolve("big"), Format.HF, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("'logit_scale' holds 70000.0");
    assertThat(files()).doesNotContain("big").noneMatch(name -> name.startsWith("."));
  }

  @Test
  void anotherMeanIsKeptWhereTheFormatCanSayIt() throws IOException {
    Clip clip = Clip.create(OpenAiWeightsTest.ODD, 1);
    Preprocess halves =
        new Preprocess(12, new float[] {0.5f, 0.5f, 0.5f}, new float[] {0.25f, 0.5f, 1});
    ModelWriter writer = new ModelWriter(clip, halves, null, DType.F32);
    for (Format format : new Format[] {Format.HF, Format.OPEN_CLIP}) {
      Path out = folder.resolve(format.name());
      writer.write(out, format, false);
      Preprocess read = ModelFiles.read(out, null).preprocess();
      assertThat(read.mean()).isEqualTo(halves.mean());
      assertThat(read.std()).isEqualTo(halves.std());
    }
    assertThatThrownBy(() -> writer.write(folder.resolve("x.safetensors"), Format.OPENAI, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("another mean");
  }

  @Test
  void transformersHasNoResNet() {
    Clip clip = Clip.create(OpenAiWeightsTest.ODD_RESNET, 1);
    assertThatThrownBy(() ->
            new ModelWriter(clip, new Preprocess(64), null, DType.F32)
                .write(folder.resolve("out"), Format.HF, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("no CLIP with a ResNet");
    assertThat(files()).isEmpty();
  }

  @Test
  void whatIsThereIsReplacedOnlyIfItIsAModel() throws IOException {
    LoadedModel model = ModelFiles.read(Tiny.save(folder.resolve("a"), 1), null);
    ModelWriter writer = new ModelWriter(model.clip(), model.preprocess(), null, DType.F32);
    Path out = folder.resolve("out");
    writer.write(out, Format.HF, false);
    assertThatThrownBy(() -> writer.write(out, Format.OPEN_CLIP, false))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("is there already; --force replaces it");
    writer.write(out, Format.OPEN_CLIP, true);
    assertThat(out.resolve("config.json")).doesNotExist();
    assertThat(out.resolve("open_clip_model.safetensors")).exists();
    Files.createDirectory(out.resolve("photos"));
    assertThatThrownBy(() -> writer.write(out, Format.HF, true))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("it also holds photos");
    assertThat(out.resolve("open_clip_model.safetensors")).exists();
    assertThat(files()).containsExactlyInAnyOrder("a", "out");
  }

  private Set<String> files() {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).collect(Collectors.toSet());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
