package dev.diptych.clip.explain;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.clip.ModifiedResNet;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.util.List;
import java.util.Objects;

/**
 * Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) on the feature map of a ResNet's last stage:
 * each channel counts as much as the similarity gains from it, on average over all places.
 */
final class GradCam {
  private GradCam() {}

  /**
   * The maps of one picture.
   *
   * @param image (1, 3, S, S), normalised
   * @param texts (D, 1) each: what the picture's embedding of length 1 is multiplied by
   * @return for each text the value of each place, row by row; none negative
   */
  static float[][] maps(ModifiedResNet tower, Tensor image, List<Tensor> texts) {
    float[][] maps = new float[texts.size()][];
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tensor features =
          tower.featureMap(Tape.inference(scope), Var.constant(image)).value(); // (1, G, G, C)
      for (int i = 0; i < maps.length; i++) {
        Tape tape = Tape.recording(scope);
        Var map = Var.variable(features);
        Var embedding = Functions.l2Normalize(tape, tower.pool(tape, map)); // (1, D)
        tape.backward(Functions.matmul(tape, embedding, Var.constant(texts.get(i))));
        maps[i] = weigh(features, Objects.requireNonNull(map.gradient()));
      }
    }
    return maps;
  }

  /**
   * max(0, Σ_c α_c·features_p,c) of each place p, α_c = mean_p gradient_p,c.
   *
   * @param features (1, G, G, C)
   * @param gradient (1, G, G, C)
   */
  static float[] weigh(Tensor features, Tensor gradient) {
    int channels = features.dim(3);
    int places = features.dim(1) * features.dim(2);
    Floats x = features.floats();
    Floats dx = gradient.floats();
    double[] weights = new double[channels];
    for (int i = 0; i < places * channels; i++) {
      weights[i % channels] += dx.array()[dx.offset() + i] / places;
    }
    float[] values = new float[places];
    for (int place = 0; place < places; place++) {
      double sum = 0;
      for (int c = 0; c < channels; c++) {
        sum += weights[c] * x.array()[x.offset() + place * channels + c];
      }
      values[place] = (float) Math.max(0, sum);
    }
    return values;
  }
}
