package dev.diptych.clip.demo;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.evaluate.Retrieval;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.report.Section;
import dev.diptych.clip.report.Thumbnail;
import dev.diptych.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** What the demonstration measures: names of things never seen, and captions of new scenes. */
public final class DemoEvaluation {
  private static final int RETRIEVAL_SCENES = 256;
  private static final int SAMPLES = 8;
  private static final int EXHIBITS = 12;
  private static final int NAMES_SHOWN = 4;

  private final Diptych model;
  private final HeldOut heldOut;
  private final int side;
  private final List<Scene> unseen;
  private final List<Scene> seen;
  private final List<Scene> retrievalScenes;

  /**
   * Draws the test scenes.
   *
   * @param test a generator with a seed that training does not use
   * @param perThing pictures of each held-out thing; a quarter as many of each other one
   */
  public DemoEvaluation(Diptych model, SceneGenerator test, int perThing) {
    this.model = model;
    this.heldOut = test.heldOut();
    this.side = model.preprocess().size();
    unseen = test.classification(heldOut.things(), perThing);
    seen = test.classification(heldOut.seen(), Math.max(1, perThing / 4));
    retrievalScenes = test.retrieval(RETRIEVAL_SCENES, false);
  }

  /** Classifies scenes of one thing each among the names of all things, by one prompt for each. */
  public DemoResult.ZeroShot zeroShot() {
    float[][] names = names();
    float[][] pictures = embed(unseen);
    int right = 0;
    int rightColour = 0;
    int rightShape = 0;
    int amongFive = 0;
    for (int i = 0; i < pictures.length; i++) {
      Thing truth = unseen.get(i).first();
      Thing found = Thing.all().get(best(names, pictures[i]));
      right += found.equals(truth) ? 1 : 0;
      rightColour += found.colour() == truth.colour() ? 1 : 0;
      rightShape += found.shape() == truth.shape() ? 1 : 0;
      amongFive += rank(names, pictures[i], truth.index()) < 5 ? 1 : 0;
    }
    float[][] seenPictures = embed(seen);
    int rightSeen = 0;
    for (int i = 0; i < seenPictures.length; i++) {
      rightSeen += best(names, seenPictures[i]) == seen.get(i).first().index() ? 1 : 0;
    }
    double count = unseen.size();
    return new DemoResult.ZeroShot(
        right / count,
        amongFive / count,
        unseen.size(),
        (double) rightSeen / seen.size(),
        seen.size(),
        rightColour / count,
        rightShape / count);
  }

  /** Recall both ways over new scenes whose captions all differ. */
  public DemoResult.Retrieval retrieval() {
    float[][] pictures = embed(retrievalScenes);
    float[][] texts = model.embedTexts(captions(retrievalScenes));
    int[] groups = new int[pictures.length];
    for (int i = 0; i < groups.length; i++) {
      groups[i] = i;
    }
    Retrieval retrieval = Retrieval.measure(matrix(pictures), groups, matrix(texts), groups);
    return new DemoResult.Retrieval(
        groups.length, retrieval.imageToText(), retrieval.textToImage());
  }

  /** A few scenes against each other's captions. */
  public Section.Similarities samples() {
    List<Scene> scenes = retrievalScenes.subList(0, SAMPLES);
    float[][] pictures = embed(scenes);
    float[][] texts = model.embedTexts(captions(scenes));
    float[] values = new float[SAMPLES * SAMPLES];
    List<Thumbnail> thumbnails = new ArrayList<>();
    for (int i = 0; i < SAMPLES; i++) {
      thumbnails.add(DemoResult.thumbnail(scenes.get(i), side));
      for (int j = 0; j < SAMPLES; j++) {
        values[i * SAMPLES + j] = dot(pictures[i], texts[j]);
      }
    }
    return DemoReport.samples(thumbnails, captions(scenes), values);
  }

  /** A picture of each thing never seen, and of some seen, with the names ranked first. */
  public List<Section.Exhibit> exhibits() {
    List<Scene> scenes = new ArrayList<>();
    int perThing = unseen.size() / heldOut.things().size();
    for (int i = 0; i < heldOut.things().size(); i++) {
      scenes.add(unseen.get(i * perThing));
    }
    int apart = seen.size() / (EXHIBITS - scenes.size());
    for (int i = 0; scenes.size() < EXHIBITS; i++) {
      scenes.add(seen.get(i * apart));
    }
    float[][] names = names();
    float[][] pictures = embed(scenes);
    List<Section.Exhibit> exhibits = new ArrayList<>();
    for (int i = 0; i < pictures.length; i++) {
      float[] probabilities = probabilities(names, pictures[i]);
      exhibits.add(DemoReport.exhibit(scenes.get(i), side, heldOut, probabilities, NAMES_SHOWN));
    }
    return exhibits;
  }

  private float[][] names() {
    return model.embedTexts(Thing.all().stream().map(Thing::prompt).toList());
  }

  private static List<String> captions(List<Scene> scenes) {
    return scenes.stream().map(SceneCaptions::full).toList();
  }

  private float[][] embed(List<Scene> scenes) {
    List<Picture> pictures = scenes.stream().map(s -> ScenePairs.picture(s, side)).toList();
    return model.embedPictures(pictures);
  }

  private static int best(float[][] names, float[] picture) {
    int best = 0;
    for (int i = 1; i < names.length; i++) {
      if (dot(picture, names[i]) > dot(picture, names[best])) {
        best = i;
      }
    }
    return best;
  }

  private static int rank(float[][] names, float[] picture, int truth) {
    int better = 0;
    for (float[] name : names) {
      better += dot(picture, name) > dot(picture, names[truth]) ? 1 : 0;
    }
    return better;
  }

  private float[] probabilities(float[][] names, float[] picture) {
    double largest = dot(picture, names[best(names, picture)]);
    double[] exponentials = new double[names.length];
    double sum = 0;
    for (int i = 0; i < names.length; i++) {
      exponentials[i] = Math.exp(model.similarityScale() * (dot(picture, names[i]) - largest));
      sum += exponentials[i];
    }
    float[] probabilities = new float[names.length];
    for (int i = 0; i < names.length; i++) {
      probabilities[i] = (float) (exponentials[i] / sum);
    }
    return probabilities;
  }

  private static float dot(float[] a, float[] b) {
    float sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private static Tensor matrix(float[][] rows) {
    int width = rows[0].length;
    float[] flat = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * width, width);
    }
    return Tensor.of(flat, dev.diptych.tensor.Shape.of(rows.length, width));
  }
}
