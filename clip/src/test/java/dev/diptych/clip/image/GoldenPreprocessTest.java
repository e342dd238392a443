package dev.diptych.clip.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The pictures that the original CLIP preprocessed, against what it made of them. */
class GoldenPreprocessTest {
  /** Pillow versions disagree about 16-bit grey: shown, not required. */
  private static final String NOT_STRICT = "gray16.png";

  @Test
  void everyPictureEqualsTheOriginal() throws IOException {
    Path folder =
        Path.of(System.getProperty("diptych.golden", "../../shared/golden"), "preprocess");
    Path expected = folder.resolve("expected.safetensors");
    if (!Files.exists(expected)) {
      System.err.println("SKIPPED: golden preprocessing, there is no " + expected.toAbsolutePath());
    }
    assumeTrue(
        Files.exists(expected),
        () -> "golden preprocessing skipped: no " + expected + " (set -Ddiptych.golden=FOLDER)");
    List<String> wrong = new ArrayList<>();
    int pictures = 0;
    try (Safetensors file = Safetensors.open(expected)) {
      for (String key : file.names()) {
        if (key.endsWith(".u8") && !key.endsWith(".rgb_first.u8")) {
          String name = key.substring(0, key.length() - 3);
          check(file, folder.resolve("images"), name, wrong);
          pictures++;
        }
      }
    }
    assertThat(wrong).isEmpty();
    assertThat(pictures).isGreaterThan(20);
  }

  private static void check(Safetensors file, Path images, String name, List<String> wrong)
      throws IOException {
    String first = name + ".rgb_first.u8";
    IntTensor pixels = file.ints(file.contains(first) ? first : name + ".u8");
    var preprocess = new Preprocess(pixels.shape().dim(0));
    int difference = difference(preprocess, images.resolve(name), pixels.data());
    if (difference > 0) {
      String line = name + ": differs by up to " + difference + "/255";
      System.err.println(line);
      if (!name.equals(NOT_STRICT)) {
        wrong.add(line);
      }
    }
    Path decoded = images.resolve(name + ".decoded_rgb.png");
    if (Files.exists(decoded) && difference(preprocess, decoded, pixels.data()) > 0) {
      wrong.add(name + ": differs from its decoded pixels on");
    }
    String normalised = name + ".f32";
    if (file.contains(normalised) && !file.contains(first)) {
      Tensor tensor = file.floats(normalised);
      float[] ours = new float[tensor.size()];
      Picture square = preprocess.toSquare(PictureDecoder.read(images.resolve(name)));
      preprocess.normalise(square, ours, 0);
      if (!Arrays.equals(ours, tensor.toArray())) {
        wrong.add(name + ": normalised values differ");
      }
    }
  }

  private static int difference(Preprocess preprocess, Path file, int[] expected) {
    byte[] ours = preprocess.toSquare(PictureDecoder.read(file)).rgb();
    assertThat(ours).hasSize(expected.length);
    int difference = 0;
    for (int i = 0; i < ours.length; i++) {
      difference = Math.max(difference, Math.abs((ours[i] & 0xff) - expected[i]));
    }
    return difference;
  }
}
