package dev.diptych.clip.evaluate;

import dev.diptych.clip.UserException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A linear probe as in the CLIP paper (§3.2 and Appendix A.3): logistic regression on features that
 * stay as they are; the λ that does best on a validation set, from 10⁻⁶ to 10⁶; then a last fit on
 * training and validation set together, measured on the test set.
 *
 * @param test how the test set was classified
 * @param validation accuracy on the validation set with the best λ, before the last fit
 * @param lambda the best λ
 * @param trials each λ tried with its accuracy on the validation set
 * @param iterations of the last fit
 * @param training pictures that were fitted while λ was looked for
 * @param validating pictures that chose λ
 */
public record LinearProbe(
    Classification test,
    double validation,
    double lambda,
    List<Trial> trials,
    int iterations,
    int training,
    int validating) {

  /** A λ and the accuracy that it gave on the validation set. */
  public record Trial(double lambda, double accuracy) {}

  /**
   * How to fit.
   *
   * @param maxIterations of L-BFGS; the paper's is 1,000
   * @param tolerance of the gradient of the mean loss, see {@link LogisticRegression#fit}
   * @param validationShare of the training set that is put aside if there is no validation set
   * @param seed of that choice
   * @param lambda used instead of looking for one; null looks
   */
  public record Settings(
      int maxIterations,
      double tolerance,
      double validationShare,
      long seed,
      @Nullable Double lambda) {
    /** The paper's, with a tenth put aside by seed 0. */
    public static final Settings DEFAULT = new Settings(1000, 1e-6, 0.1, 0, null);

    /** Settings that make sense. */
    public Settings {
      if (maxIterations < 1
          || !(tolerance >= 0)
          || !(validationShare > 0 && validationShare < 1)
          || (lambda != null && !(lambda >= 0))) {
        throw new UserException(
            "a linear probe needs 1 iteration or more, a validation share between 0 and 1 and a λ"
                + " of 0 or more, got %d, %s and %s"
                    .formatted(maxIterations, validationShare, lambda));
      }
    }
  }

  /**
   * Fits and measures a probe.
   *
   * @param classes K
   * @param validation null puts a share of {@code training} aside, of each class alike
   * @param progress is told of each λ that was tried
   * @throws UserException if there are not two classes in the training set
   */
  public static LinearProbe measure(
      int classes,
      FeatureSet training,
      @Nullable FeatureSet validation,
      FeatureSet test,
      Settings settings,
      Consumer<Trial> progress) {
    if (Arrays.stream(training.labels()).distinct().count() < 2) {
      throw new UserException("a linear probe needs pictures of two classes or more to learn from");
    }
    FeatureSet[] split =
        validation != null
            ? new FeatureSet[] {training, validation}
            : training.split(settings.validationShare(), settings.seed());
    FeatureSet both = validation == null ? training : training.and(validation);
    LambdaSearch.Outcome best =
        settings.lambda() != null
            ? LambdaSearch.only(
                settings.lambda(), lambda -> accuracy(classes, split, lambda, settings, progress))
            : LambdaSearch.search(lambda -> accuracy(classes, split, lambda, settings, progress));
    LogisticRegression last = fit(both, classes, best.lambda(), settings);
    return new LinearProbe(
        last.measure(test.x(), test.labels()),
        best.accuracy(),
        best.lambda(),
        best.trials(),
        last.minimum().iterations(),
        split[0].labels().length,
        split[1].labels().length);
  }

  private static double accuracy(
      int classes, FeatureSet[] split, double lambda, Settings settings, Consumer<Trial> progress) {
    double accuracy =
        fit(split[0], classes, lambda, settings)
            .measure(split[1].x(), split[1].labels())
            .accuracy();
    progress.accept(new Trial(lambda, accuracy));
    return accuracy;
  }

  private static LogisticRegression fit(
      FeatureSet set, int classes, double lambda, Settings settings) {
    return LogisticRegression.fit(
        set.x(), set.labels(), classes, lambda, settings.maxIterations(), settings.tolerance());
  }
}
