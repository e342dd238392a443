package dev.diptych.kernels.contrastive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.diptych.kernels.Oracle;
import dev.diptych.kernels.memory.Floats;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContrastiveTest {
  /** A run of the reference in double. */
  private record Expected(
      double loss,
      double accuracy,
      double[] rowLse,
      double[] columnLse,
      double[] dImage,
      double[] dText,
      double dLogScale) {
    static Expected of(
        ContrastiveDims d, double[] image, double[] text, double t, int @Nullable [] ids) {
      double[] loss = new double[1];
      double[] accuracy = new double[1];
      double[] rowLse = new double[d.n()];
      double[] columnLse = new double[d.n()];
      double[] dImage = new double[d.n() * d.d()];
      double[] dText = new double[d.n() * d.d()];
      double[] dLogScale = new double[1];
      double[] logScale = {t};
      ContrastiveReference.forward(
          d, image, text, logScale, ids, loss, accuracy, rowLse, columnLse);
      ContrastiveReference.backward(
          d, image, text, logScale, ids, rowLse, columnLse, 1, dImage, dText, dLogScale);
      return new Expected(loss[0], accuracy[0], rowLse, columnLse, dImage, dText, dLogScale[0]);
    }
  }

  /** A run of the kernel, backward with dLoss = 1 into a dLogScale that held 3. */
  private record Found(
      Floats loss,
      Floats accuracy,
      Floats rowLse,
      Floats columnLse,
      Floats dImage,
      Floats dText,
      Floats dLogScale) {
    static Found of(ContrastiveDims d, Floats image, Floats text, float t, int @Nullable [] ids) {
      Found found =
          new Found(
              Oracle.unwritten(1),
              Oracle.unwritten(1),
              Oracle.unwritten(d.n()),
              Oracle.unwritten(d.n()),
              Oracle.unwritten(image.length()),
              Oracle.unwritten(text.length()),
              Oracle.floats(new double[] {3}));
      Floats logScale = Floats.of(t);
      ContrastiveCpu.forward(
          d,
          image,
          text,
          logScale,
          ids,
          found.loss,
          found.accuracy,
          found.rowLse,
          found.columnLse,
          Oracle.unwritten(Math.toIntExact(d.forwardScratch())));
      ContrastiveCpu.backward(
          d,
          image,
          text,
          logScale,
          ids,
          found.loss,
          found.rowLse,
          found.columnLse,
          Floats.of(1),
          found.dImage,
          found.dText,
          found.dLogScale,
          Oracle.unwritten(Math.toIntExact(d.backwardScratch())));
      return found;
    }

    static Found of(ContrastiveDims d, double[] image, double[] text, float t) {
      return of(d, Oracle.floats(image), Oracle.floats(text), t, null);
    }
  }

  private static void compare(
      ContrastiveDims d,
      double[] image,
      double[] text,
      float t,
      int @Nullable [] ids,
      double tolerance) {
    Expected expected = Expected.of(d, image, text, t, ids);
    Found found = Found.of(d, Oracle.floats(image), Oracle.floats(text), t, ids);
    Oracle.assertClose("loss", new double[] {expected.loss}, found.loss, tolerance);
    Oracle.assertClose("accuracy", new double[] {expected.accuracy}, found.accuracy, 1e-6);
    Oracle.assertClose("row lse", expected.rowLse, found.rowLse, tolerance);
    Oracle.assertClose("column lse", expected.columnLse, found.columnLse, tolerance);
    // Gradients are of size 1/N: measured against their own root mean square.
    assertGradient("dImage", expected.dImage, found.dImage, tolerance);
    assertGradient("dText", expected.dText, found.dText, tolerance);
    Oracle.assertClose(
        "dLogScale", new double[] {3 + expected.dLogScale}, found.dLogScale, tolerance);
  }

  private static void assertGradient(
      String what, double[] expected, Floats found, double tolerance) {
    double squares = 1e-30;
    for (double e : expected) {
      squares += e * e;
    }
    double scale = Math.min(1, Math.sqrt(squares / expected.length));
    Oracle.assertClose(what, expected, found, 10 * tolerance * scale);
  }

  @ParameterizedTest
  @CsvSource({"1,true,false", "4,true,false", "5,false,false", "5,true,true", "6,false,true"})
  void referenceGradientsAreFiniteDifferences(int n, boolean normalize, boolean withIds) {
    ContrastiveDims d = new ContrastiveDims(n, 3, normalize);
    double[] image = Oracle.normal(1, n * 3);
    double[] text = Oracle.normal(2, n * 3);
    double[] t = {0.7};
    int[] ids = withIds ? new int[] {9, -4, 9, 2, -4, 9} : null;
    if (ids != null) {
      ids = java.util.Arrays.copyOf(ids, n);
    }
    int[] same = ids;
    Expected found = Expected.of(d, image, text, t[0], ids);
    Oracle.assertGradient("dImage", v -> loss(d, v, text, t, same), image, found.dImage);
    Oracle.assertGradient("dText", v -> loss(d, image, v, t, same), text, found.dText);
    Oracle.assertGradient(
        "dLogScale", v -> loss(d, image, text, v, same), t, new double[] {found.dLogScale});
  }

  private static double loss(
      ContrastiveDims d, double[] image, double[] text, double[] t, int @Nullable [] ids) {
    return Expected.of(d, image, text, t[0], ids).loss;
  }

  /** Three pairs whose loss and gradients were worked out in several places, to six digits. */
  @Test
  void goldenExample() {
    ContrastiveDims d = new ContrastiveDims(3, 2, true);
    double[] u = {1, 0, 0, 1, -1, 0};
    double[] v = {0.8, 0.6, 0, 1, -0.8, 0.6};
    Expected expected = Expected.of(d, u, v, Math.log(2), null);
    assertThat(expected.loss).isCloseTo(0.398241768, within(1e-9));
    assertThat(expected.dLogScale).isCloseTo(-0.333397849, within(1e-9));
    assertThat(expected.dImage[0]).isCloseTo(0, within(1e-6));
    assertThat(expected.dImage[1]).isCloseTo(-0.021185, within(1e-6));
    assertThat(expected.dText[0]).isCloseTo(-0.180642, within(1e-6));
    assertThat(expected.dText[1]).isCloseTo(0.240856, within(1e-6));
    // Image 1 to text 2 is the largest of its column but a tie nowhere: all three are told apart.
    assertThat(expected.accuracy).isCloseTo(1, within(1e-9));
    compare(d, u, v, (float) Math.log(2), null, 1e-6);
    compare(new ContrastiveDims(3, 2, false), u, v, (float) Math.log(2), null, 1e-6);
  }

  @ParameterizedTest
  @CsvSource({
    "1,1", "1,5", "2,2", "3,3", "7,4", "8,8", "9,7", "15,16", "16,15", "17,17", "31,31", "32,64",
    "33,33", "63,20", "65,65", "127,32", "129,12", "255,8", "256,6", "257,5", "300,100", "523,9",
    "1025,3"
  })
  void kernelMatchesReference(int n, int width) {
    double[] image = Oracle.normal(n, n * width);
    double[] text = Oracle.normal(width + 1000, n * width);
    compare(new ContrastiveDims(n, width, true), image, text, 2.6592f, null, 3e-6);
    if (n < 300) {
      int[] ids = new int[n];
      Random random = new Random(n);
      for (int i = 0; i < n; i++) {
        ids[i] = random.nextInt(Math.max(1, n / 2)) * 77_777 - 5;
      }
      compare(new ContrastiveDims(n, width, true), image, text, 1f, ids, 3e-6);
    }
  }

  @Test
  void matchedPairsAtTheLargestScale() {
    // Trained embeddings: texts near their images, and logits of up to 100, where a rounding of s
    // weighs 100 times what it does in the cosine.
    ContrastiveDims d = new ContrastiveDims(70, 24, true);
    double[] image = Oracle.normal(1, 70 * 24);
    double[] text = Oracle.normal(2, 70 * 24);
    for (int i = 0; i < text.length; i++) {
      text[i] = (float) (image[i] + 2 * text[i]);
    }
    compare(d, image, text, (float) Math.log(100), null, 1e-5);
    compare(d, image, text, (float) Math.log(100), new int[70], 1e-5);
  }

  @Test
  void logitsTooFarApartForOneShift() {
    // Not normalised: logits in the thousands, of which any fixed shift would make ∞ or 0.
    ContrastiveDims d = new ContrastiveDims(60, 8, false);
    double[] image = Oracle.normal(1, 480);
    double[] text = Oracle.normal(2, 480);
    for (int i = 0; i < 480; i++) {
      image[i] = (float) (image[i] * (1 + i / 8)); // later rows ever longer
    }
    compare(d, image, text, (float) Math.log(20), null, 1e-5);
    int[] ids = new int[60];
    for (int i = 0; i < 60; i++) {
      ids[i] = i / 3;
    }
    compare(d, image, text, (float) Math.log(20), ids, 1e-5);
  }

  @Test
  void equalEmbeddingsLoseLogN() {
    for (int n : new int[] {1, 2, 37, 300}) {
      double[] x = new double[n * 4];
      java.util.Arrays.fill(x, 0.5);
      Found found = Found.of(new ContrastiveDims(n, 4, true), x, x, 3);
      assertThat((double) found.loss.toArray()[0]).isCloseTo(Math.log(n), within(2e-6));
      // All tie, so none is told apart; alone there is nothing to be told from.
      assertThat(found.accuracy.toArray()[0]).isEqualTo(n == 1 ? 1f : 0f);
      for (float g : found.dImage.toArray()) {
        assertThat(g).isCloseTo(0, within(1e-6f));
      }
    }
  }

  @Test
  void twoCaptionsOfOnePictureAreNoNegatives() {
    ContrastiveDims d = new ContrastiveDims(4, 4, true);
    double[] image = {1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    int[] ids = {7, 7, 8, 9};
    Floats x = Oracle.floats(image);
    Found apart = Found.of(d, x, x, 4, null);
    Found together = Found.of(d, x, x, 4, ids);
    assertThat(apart.accuracy.toArray()[0]).isEqualTo(0.5f);
    assertThat(together.accuracy.toArray()[0]).isEqualTo(1f);
    // The doubled picture is as right as it can be: its rows' softmax is its target, nearly.
    for (int i = 0; i < 8; i++) {
      assertThat(together.dImage.toArray()[i]).isCloseTo(0, within(1e-6f));
    }
  }

  @Test
  void oneIdForAllMakesEveryTextATarget() {
    ContrastiveDims d = new ContrastiveDims(50, 6, true);
    compare(d, Oracle.normal(1, 300), Oracle.normal(2, 300), 1, new int[50], 3e-6);
  }

  @Test
  void aNaNReachesTheLoss() {
    ContrastiveDims d = new ContrastiveDims(40, 5, true);
    double[] image = Oracle.normal(1, 200);
    double[] text = Oracle.normal(2, 200);
    text[123] = Double.NaN;
    Found found = Found.of(d, image, text, 1);
    assertThat(found.loss.toArray()[0]).isNaN();
    assertThat(found.dLogScale.toArray()[0]).isNaN();
    for (int i = 0; i < 200; i++) {
      assertThat(found.dImage.toArray()[i]).isNaN();
    }
    image[7] = Double.POSITIVE_INFINITY;
    text[123] = 1;
    assertThat(Found.of(d, image, text, 1).loss.toArray()[0]).isNaN();
  }

  @Test
  void gradientsFollowDLoss() {
    ContrastiveDims d = new ContrastiveDims(20, 6, true);
    Floats image = Oracle.floats(Oracle.normal(1, 120));
    Floats text = Oracle.floats(Oracle.normal(2, 120));
    Found one = Found.of(d, image, text, 1, null);
    Floats dImage = Oracle.unwritten(120);
    Floats dText = Oracle.unwritten(120);
    Floats dLogScale = Floats.of(0);
    ContrastiveCpu.backward(
        d,
        image,
        text,
        Floats.of(1),
        null,
        one.loss,
        one.rowLse,
        one.columnLse,
        Floats.of(-4),
        dImage,
        dText,
        dLogScale,
        Floats.zeros(Math.toIntExact(d.backwardScratch())));
    for (int i = 0; i < 120; i++) {
      assertThat(dImage.toArray()[i]).isEqualTo(-4 * one.dImage.toArray()[i]);
      assertThat(dText.toArray()[i]).isEqualTo(-4 * one.dText.toArray()[i]);
    }
    assertThat(dLogScale.array()[0])
        .isCloseTo(-4 * (one.dLogScale.toArray()[0] - 3), within(1e-5f));
  }

  @Test
  void resultDoesNotDependOnThreads() {
    ContrastiveDims d = new ContrastiveDims(310, 33, true);
    Floats image = Oracle.floats(Oracle.normal(1, 310 * 33));
    Floats text = Oracle.floats(Oracle.normal(2, 310 * 33));
    int[] ids = new int[310];
    for (int i = 0; i < 310; i++) {
      ids[i] = i % 200;
    }
    Oracle.assertSameOnAnyThreads(
        "contrastive loss",
        () -> {
          Found found = Found.of(d, image, text, 3, ids);
          Floats out = Floats.zeros(3 + 2 * 310 + 2 * 310 * 33);
          int at = 0;
          for (Floats part :
              new Floats[] {
                found.loss,
                found.accuracy,
                found.dLogScale,
                found.rowLse,
                found.columnLse,
                found.dImage,
                found.dText
              }) {
            out.slice(at, part.length()).copyFrom(part);
            at += part.length();
          }
          return out.array();
        });
  }
}
