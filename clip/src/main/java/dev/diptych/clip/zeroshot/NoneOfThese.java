package dev.diptych.clip.zeroshot;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * When to say that a picture shows none of the labels: its {@link Statistic} is not above a
 * threshold that was calibrated on pictures without them, for one model, its labels and templates.
 *
 * <p>The probabilities of {@link ZeroShotClassifier} cannot say so, they are shares of a whole; and
 * no cosine is low or high of itself, it depends on the model and on the words.
 *
 * @param format of the file; this version writes {@value #FORMAT}
 * @param statistic what is compared with the threshold
 * @param threshold a picture whose statistic is not above it shows none of the labels
 * @param falseAlarms the wanted share of pictures without any of the labels that get one
 * @param upperRate what that share is not above with 95 % confidence, given the pictures
 * @param pictures without any of the labels that it was calibrated on, how many
 * @param model {@link dev.diptych.clip.Clip#fingerprint} of the model
 * @param prompts {@link ClassWeights#prompts} of the labels in their templates
 * @param labels for whoever reads the file
 */
public record NoneOfThese(
    int format,
    Statistic statistic,
    double threshold,
    double falseAlarms,
    double upperRate,
    int pictures,
    String model,
    String prompts,
    List<String> labels) {
  static final int FORMAT = 1;

  private static final JsonMapper JSON = new JsonMapper();

  /** Refuses what no calibration says. */
  public NoneOfThese {
    if (statistic == null
        || model == null
        || prompts == null
        || labels == null
        || !Double.isFinite(threshold)) {
      throw new IllegalArgumentException(
          "statistic, threshold, model, prompts or labels are missing");
    }
    labels = List.copyOf(labels);
  }

  /**
   * Calibrates a threshold.
   *
   * @param statistic {@link Statistic#MCM} needs two labels
   * @param scores of pictures that show none of the labels, by {@link #score}; drawn as those will
   *     be that come later
   * @param falseAlarms the share of such pictures that may get a label, between 0 and 1
   * @throws UserException if there are fewer than 1/falseAlarms − 1 pictures
   */
  public static NoneOfThese calibrate(
      Diptych model,
      ClassWeights classes,
      Statistic statistic,
      double[] scores,
      double falseAlarms) {
    if (statistic == Statistic.MCM && classes.size() < 2) {
      throw new UserException(
          "maximum concept matching compares labels with each other, and there is only one: use"
              + " the cosine");
    }
    return new NoneOfThese(
        FORMAT,
        statistic,
        FalseAlarms.threshold(scores, falseAlarms),
        falseAlarms,
        FalseAlarms.upperRate(scores.length, falseAlarms),
        scores.length,
        model.clip().fingerprint(),
        classes.prompts(),
        classes.labels());
  }

  /** The statistic of a picture for which a classifier predicted {@code all}, every label. */
  public static double score(Statistic statistic, List<Prediction> all) {
    return statistic.of(all.stream().mapToDouble(Prediction::similarity).toArray());
  }

  /** The statistic of a picture for which a classifier predicted {@code all}, every label. */
  public double score(List<Prediction> all) {
    return score(statistic, all);
  }

  /** Whether a picture with this {@link #score} shows none of the labels. */
  public boolean isNone(double score) {
    return !(score > threshold); // NaN says nothing either
  }

  /**
   * Reads a calibration.
   *
   * @throws UserException if there is none in {@code file}, or a damaged one
   */
  public static NoneOfThese read(Path file) {
    NoneOfThese read;
    try {
      read = JSON.readValue(Files.readString(file), NoneOfThese.class);
    } catch (NoSuchFileException e) {
      throw new UserException(
          file + ": there is no such file; make it with ./diptych calibrate", e);
    } catch (IOException e) {
      throw new UserException(file + ": cannot be read: " + UserException.reason(e), e);
    } catch (JacksonException e) {
      throw new UserException(
          file
              + " is no calibration, or a damaged one: "
              + e.getOriginalMessage()
              + "; make it with ./diptych calibrate",
          e);
    }
    if (read.format != FORMAT) {
      throw new UserException(
          "%s has the format %d, this version reads %d: calibrate again"
              .formatted(file, read.format, FORMAT));
    }
    return read;
  }

  /** Writes the calibration as JSON, atomically. */
  public void write(Path file) {
    byte[] json = JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(this);
    try {
      AtomicFile.writeText(file, new String(json, StandardCharsets.UTF_8) + "\n");
    } catch (IOException e) {
      throw new UserException(file + ": cannot be written: " + UserException.reason(e), e);
    }
  }

  /**
   * Refuses another model, other labels or other templates than those of the calibration, for which
   * its threshold would mean nothing.
   *
   * @param file where the calibration came from, for the message
   * @throws UserException if they differ
   */
  public void require(Path file, Diptych other, ClassWeights classes) {
    if (!labels.equals(classes.labels())) {
      throw new UserException(
          "%s was calibrated for other labels: %s; found %s. Calibrate again for these"
              .formatted(file, abbreviated(labels), abbreviated(classes.labels())));
    }
    if (!model.equals(other.clip().fingerprint())) {
      throw new UserException(
          file + " was calibrated for a model with other weights: calibrate again for this one");
    }
    if (!prompts.equals(classes.prompts())) {
      throw new UserException(
          file
              + " was calibrated with other templates or another vocabulary: give the same, or"
              + " calibrate again");
    }
  }

  private static String abbreviated(List<String> labels) {
    int shown = 5;
    return labels.size() <= shown
        ? String.join(", ", labels)
        : String.join(", ", labels.subList(0, shown))
            + " and %,d more".formatted(labels.size() - shown);
  }
}
