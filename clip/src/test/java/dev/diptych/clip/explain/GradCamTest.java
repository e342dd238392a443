package dev.diptych.clip.explain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.ModifiedResNet;
import dev.diptych.clip.Tiny;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradCamTest {
  /** Two places of three channels; the channels' weights are 0.5, -1 and 0. */
  @Test
  void channelsAreWeightedByTheirMeanGradient() {
    Tensor features = Tensor.of(new float[] {4, 1, 9, 1, 2, 9}, Shape.of(1, 1, 2, 3));
    Tensor gradient = Tensor.of(new float[] {1, -2, 3, 0, 0, -3}, Shape.of(1, 1, 2, 3));
    assertThat(GradCam.weigh(features, gradient)).containsExactly(1, 0); // 2 - 1, and 0.5 - 2 < 0
  }

  /** A channel's weight is a quarter of what the cosine gains when it rises in all four places. */
  @Test
  void weightsAreWhatTheSimilarityGainsFromAChannel() {
    try (Diptych model = Tiny.resNet(3);
        TensorScope scope = new TensorScope(Device.CPU)) {
      ModifiedResNet tower = (ModifiedResNet) model.clip().vision();
      float[] pixels = new float[3 * 64 * 64];
      model.preprocess().normalise(Tiny.picture(64, 64, 5), pixels, 0);
      Tensor image = Tensor.of(pixels, Shape.of(1, 3, 64, 64));
      float[] text = model.embedTexts(List.of("a lamp"))[0];
      float[] features =
          tower.featureMap(Tape.inference(scope), Var.constant(image)).value().toArray();
      int channels = features.length / 4;
      double[] expected = new double[4];
      float step = 0.02f;
      for (int c = 0; c < channels; c++) {
        double gain =
            cosine(tower, scope, risen(features, c, channels, step), text)
                - cosine(tower, scope, risen(features, c, channels, -step), text);
        for (int place = 0; place < 4; place++) {
          expected[place] += gain / (2 * step) / 4 * features[place * channels + c];
        }
      }
      Tensor column = Tensor.of(text.clone(), Shape.of(text.length, 1));
      float[] map = GradCam.maps(tower, image, List.of(column))[0];
      double largest = Arrays.stream(expected).max().getAsDouble();
      assertThat(largest).as("there is something to see").isGreaterThan(5e-4);
      for (int place = 0; place < 4; place++) {
        assertThat((double) map[place])
            .isCloseTo(Math.max(0, expected[place]), within(0.03 * largest));
      }
    }
  }

  private static float[] risen(float[] features, int channel, int channels, float by) {
    float[] risen = features.clone();
    for (int i = channel; i < risen.length; i += channels) {
      risen[i] += by;
    }
    return risen;
  }

  private static double cosine(
      ModifiedResNet tower, TensorScope scope, float[] features, float[] text) {
    Tensor map = scope.copy(Tensor.of(features, Shape.of(1, 2, 2, features.length / 4)));
    float[] embedding = tower.pool(Tape.inference(scope), Var.constant(map)).value().toArray();
    double dot = 0;
    double square = 0;
    for (int i = 0; i < text.length; i++) {
      dot += embedding[i] * text[i];
      square += embedding[i] * embedding[i];
    }
    return dot / Math.sqrt(square);
  }
}
