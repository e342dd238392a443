package dev.diptych.clip.demo;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.report.Section;
import dev.diptych.clip.report.Thumbnail;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Everything the demonstration measured.
 *
 * @param heldOut the pairs kept from training
 * @param training how the model was trained
 * @param zeroShot pictures named among all things
 * @param retrieval pictures and captions that find each other
 * @param curves what was recorded on the way
 * @param samples pictures with captions and their similarities
 * @param exhibits pictures with their ranked names
 */
public record DemoResult(
    HeldOut heldOut,
    Training training,
    ZeroShot zeroShot,
    Retrieval retrieval,
    Curves curves,
    Section.Similarities samples,
    List<Section.Exhibit> exhibits) {

  /** Keeps its own copy of the exhibits. */
  public DemoResult {
    exhibits = List.copyOf(exhibits);
  }

  /**
   * How the model was trained.
   *
   * @param parameters how many numbers were learned
   * @param steps how many batches
   * @param batch pairs in a batch
   * @param seconds of training
   * @param where it ran: "2 threads", or a GPU
   * @param finalLoss the loss at the end, averaged over some steps
   * @param pictureSize side of the pictures in pixels
   */
  public record Training(
      long parameters,
      long steps,
      int batch,
      double seconds,
      String where,
      double finalLoss,
      int pictureSize) {
    /** Pictures with captions that were learned from in a second. */
    public double pairsPerSecond() {
      return seconds > 0 ? steps * batch / seconds : 0;
    }
  }

  /**
   * Zero-shot accuracies, as fractions; all among the names of all things.
   *
   * @param unseen of things never seen in training
   * @param unseenTop5 the right name is among the first five
   * @param unseenPictures how many pictures that was measured on
   * @param seen of things seen in training, in new pictures
   * @param seenPictures how many pictures that was measured on
   * @param unseenColour the colour of the unseen was right
   * @param unseenShape the shape of the unseen was right
   */
  public record ZeroShot(
      double unseen,
      double unseenTop5,
      int unseenPictures,
      double seen,
      int seenPictures,
      double unseenColour,
      double unseenShape) {}

  /**
   * Recall among {@code count} new scenes with different captions, as fractions.
   *
   * @param count how many scenes
   * @param imageToText at 1, 5 and 10
   * @param textToImage at 1, 5 and 10
   */
  public record Retrieval(int count, double[] imageToText, double[] textToImage) {
    /** Refuses anything but three recalls each way. */
    public Retrieval {
      if (imageToText.length != 3 || textToImage.length != 3) {
        throw new IllegalArgumentException("retrieval: recall at 1, 5 and 10 is needed each way");
      }
    }
  }

  /**
   * What was recorded on the way.
   *
   * @param lossSteps the steps of the losses
   * @param loss of the batch of each
   * @param checkSteps the steps of the accuracies
   * @param unseen zero-shot accuracy on things never seen
   * @param seen zero-shot accuracy on things seen
   * @param imageToText recall at 1
   */
  public record Curves(
      double[] lossSteps,
      double[] loss,
      double[] checkSteps,
      double[] unseen,
      double[] seen,
      double[] imageToText) {}

  /** The zero-shot accuracy of guessing. */
  public static double chance() {
    return 1.0 / Thing.all().size();
  }

  /** The figures under the names that other programs look for, in a fixed order. */
  public Map<String, Object> metrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("zero_shot_unseen_acc1", zeroShot.unseen());
    metrics.put("zero_shot_unseen_acc5", zeroShot.unseenTop5());
    metrics.put("zero_shot_seen_acc1", zeroShot.seen());
    metrics.put("chance", chance());
    int[] ranks = {1, 5, 10};
    for (int i = 0; i < ranks.length; i++) {
      metrics.put("image_to_text_R@" + ranks[i], retrieval.imageToText()[i]);
      metrics.put("text_to_image_R@" + ranks[i], retrieval.textToImage()[i]);
    }
    metrics.put("retrieval_count", retrieval.count());
    metrics.put("seconds", training.seconds());
    metrics.put("pairs_per_second", training.pairsPerSecond());
    metrics.put("final_loss", training.finalLoss());
    metrics.put("steps", training.steps());
    metrics.put("batch", training.batch());
    metrics.put("parameters", training.parameters());
    metrics.put("where", training.where());
    metrics.put("held_out", heldOut.things().stream().map(Thing::words).toList());
    return metrics;
  }

  /** A drawn scene as a thumbnail that is described by its full caption. */
  public static Thumbnail thumbnail(Scene scene, int size) {
    return new Thumbnail(
        new Picture(size, size, SceneRenderer.render(scene, size)), SceneCaptions.full(scene));
  }
}
