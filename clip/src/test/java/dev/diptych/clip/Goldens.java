package dev.diptych.clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.io.Safetensors;
import dev.diptych.tensor.op.L2Normalize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/**
 * Where the recorded outputs of the original CLIP are: the system property {@code diptych.golden},
 * by default {@code ../shared/golden} beside the checkout. They are not part of the sources;
 * without them the tests that need them are skipped, and say so.
 */
public final class Goldens {
  private Goldens() {}

  /** The folder of that name among the goldens; ends the test as skipped if it is not there. */
  public static Path folder(String name) {
    Path root = Path.of(System.getProperty("diptych.golden", "../../shared/golden"));
    Path folder = root.resolve(name);
    if (!Files.isDirectory(folder)) {
      System.err.println(
          "GOLDEN TESTS SKIPPED: there is no "
              + folder.toAbsolutePath().normalize()
              + "; say where the goldens are with -Ddiptych.golden=FOLDER");
    }
    Assumptions.assumeTrue(Files.isDirectory(folder), () -> "no goldens at " + folder);
    return folder;
  }

  /** The model at {@code path}, on the device of {@code scope} and there in its memory. */
  static Clip load(Path path, TensorScope scope) {
    Clip clip = ModelFiles.load(path);
    switch (scope.device()) {
      case Device.Cpu cpu -> {}
      case Device.Cuda cuda -> clip.moveTo(scope);
    }
    return clip;
  }

  /** Whether every element of {@code found} is within {@code tolerance} of the recorded tensor. */
  public static void assertClose(Safetensors expected, String name, Tensor found, double tolerance)
      throws IOException {
    double[] wanted = expected.doubles(name);
    float[] values = found.toArray();
    assertThat(values).as(name).hasSize(wanted.length);
    for (int i = 0; i < wanted.length; i++) {
      assertThat((double) values[i])
          .as("%s, element %d", name, i)
          .isCloseTo(wanted[i], within(tolerance));
    }
  }

  /**
   * Whether {@code clip} makes the recorded embeddings and loss of {@code folder}, with recording
   * and without.
   *
   * @param imageTolerance of the embeddings of pictures
   * @param lossTolerance of the contrastive loss
   */
  static void assertOutputs(
      Clip clip,
      Path folder,
      Tensor images,
      IntTensor tokens,
      double imageTolerance,
      double lossTolerance)
      throws IOException {
    try (TensorScope scope = new TensorScope(clip.device());
        Safetensors expected =
            Safetensors.open(folder.resolve("expected_forward_eval.safetensors"))) {
      for (Tape tape : new Tape[] {Tape.recording(scope), Tape.inference(scope)}) {
        Var image = clip.encodeImage(tape, images);
        Var text = clip.encodeText(tape, tokens);
        Functions.Contrastive contrast =
            Functions.contrastiveLoss(tape, image, text, clip.logitScale().var(), null, true);
        Tensor norm = L2Normalize.forward(scope, image.value()).y();
        for (String kind : new String[] {"", ".f64"}) {
          assertClose(expected, "image_features" + kind, image.value(), imageTolerance);
          assertClose(expected, "text_features" + kind, text.value(), 1e-5);
          assertClose(expected, "image_features_norm" + kind, norm, 2e-6);
          assertClose(expected, "loss" + kind, contrast.loss().value(), lossTolerance);
        }
      }
    }
  }
}
