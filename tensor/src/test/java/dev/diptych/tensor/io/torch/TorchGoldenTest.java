package dev.diptych.tensor.io.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Files that PyTorch wrote, tensor by tensor against the same numbers in safetensors. */
class TorchGoldenTest {
  private static final Path GOLDEN =
      Path.of(System.getProperty("diptych.golden", "../../shared/golden"));

  private static Path golden(String name) {
    Path file = GOLDEN.resolve(name);
    if (!Files.exists(file)) {
      System.err.println(
          "GOLDEN TESTS SKIPPED: there is no "
              + file.toAbsolutePath().normalize()
              + "; say where the goldens are with -Ddiptych.golden=FOLDER");
    }
    Assumptions.assumeTrue(Files.exists(file), () -> "no golden " + file);
    return file;
  }

  @Test
  void viewsOfEveryKindAndTypeAreReadAsTheirContiguousValues() throws IOException {
    try (TorchFile read = TorchFile.open(golden("micro_formats/edge_objects.pt"));
        Safetensors expected =
            Safetensors.open(golden("micro_formats/edge_objects.expected.safetensors"))) {
      assertThat(read.names()).hasSize(18).containsAll(prefixed("tensors.", expected.names()));
      for (String name : expected.names()) {
        assertSame(read, "tensors." + name, expected, name);
        assertThat(read.entry("tensors." + name).dtype()).isEqualTo(expected.entry(name).dtype());
      }
      assertThat(read.metadata())
          .containsEntry("epoch", "7")
          .containsEntry("lr", "0.001")
          .containsEntry("name", "edge")
          .containsEntry("none", "None")
          .containsEntry("flag", "True")
          .containsEntry("list.1", "2.5")
          .containsEntry("list.2", "x")
          .containsEntry("list.3.0", "None")
          .containsEntry("tuple.1", "2")
          .containsEntry("big", "1180591620717411303424")
          .containsEntry("neg", "-129");
    }
  }

  @Test
  void aTorchScriptArchiveOfAResNetHasItsParametersAndBuffers() throws IOException {
    try (TorchFile read = TorchFile.open(golden("resnet/torchscript.fp16.pt"));
        Safetensors expected = Safetensors.open(golden("resnet/model.openai.safetensors"))) {
      assertThat(read.names()).containsAll(expected.names());
      Set<String> more = new TreeSet<>(read.names());
      more.removeAll(expected.names());
      assertThat(more).containsExactly("context_length", "input_resolution", "vocab_size");
      assertThat(read.names()).contains("visual.bn1.running_mean");
      for (String name : expected.names()) {
        assertSame(read, name, expected, name);
      }
      assertThat(read.entry("visual.conv1.weight").dtype()).isEqualTo(DType.F16);
      assertThat(read.entry("input_resolution").shape()).isEqualTo(Shape.scalar());
      assertThat(read.metadata()).containsEntry("visual.bn1.training", "False");
    }
  }

  @Test
  void theSameWeightsInFourContainersAreTheSameNumbers() throws IOException {
    assertWeights("torchscript.fp16.cuda0.pt", name -> name);
    assertWeights("state_dict.fp16.pt", name -> name);
    assertWeights("state_dict.fp16.legacy_nonzip.pt", name -> name);
    assertWeights("openclip_checkpoint_epoch3.fp16.pt", name -> "state_dict.module." + name);
    try (TorchFile read =
        TorchFile.open(golden("micro_formats/openclip_checkpoint_epoch3.fp16.pt"))) {
      assertThat(read.metadata()).containsEntry("epoch", "3").containsEntry("name", "tiny-run");
    }
  }

  private static void assertWeights(String file, UnaryOperator<String> named) throws IOException {
    Path path = golden("micro_formats/" + file);
    assertThat(TorchFile.isTorchFile(path)).as(file).isTrue();
    Path same = golden("micro_formats/openclip_customtext.fp16.safetensors");
    assertThat(TorchFile.isTorchFile(same)).isFalse();
    try (TorchFile read = TorchFile.open(path);
        Safetensors expected = Safetensors.open(same)) {
      assertThat(expected.names()).hasSizeGreaterThan(30);
      for (String name : expected.names()) {
        String openAi = name.startsWith("text.") ? name.substring("text.".length()) : name;
        assertSame(read, named.apply(openAi), expected, name);
      }
    }
  }

  private static Set<String> prefixed(String prefix, Set<String> names) {
    Set<String> all = new TreeSet<>();
    names.forEach(name -> all.add(prefix + name));
    return all;
  }

  private static void assertSame(
      NamedTensors read, String name, NamedTensors expected, String expectedName)
      throws IOException {
    assertThat(read.entry(name).shape()).as(name).isEqualTo(expected.entry(expectedName).shape());
    assertThat(floats(read, name)).as(name).isEqualTo(floats(expected, expectedName));
  }

  private static float[] floats(NamedTensors tensors, String name) throws IOException {
    Floats target = Floats.zeros(tensors.entry(name).shape().size());
    tensors.readFloats(name, target);
    return target.toArray();
  }
}
