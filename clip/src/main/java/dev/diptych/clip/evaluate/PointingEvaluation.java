package dev.diptych.clip.evaluate;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadReason;
import dev.diptych.clip.data.BadRecords;
import dev.diptych.clip.data.CocoInstances.Scene;
import dev.diptych.clip.explain.HeatMap;
import dev.diptych.clip.explain.Method;
import dev.diptych.clip.explain.PictureExplainer;
import dev.diptych.clip.explain.PointingGame;
import dev.diptych.clip.image.Area;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.LongConsumer;

/**
 * The {@link PointingGame} on pictures with boxes: of every picture it asks once for each class
 * that is in it. Boxes stand for things, as published for Pascal VOC; a point in the corner of a
 * box that misses the thing itself counts as a hit.
 */
public final class PointingEvaluation {
  private final Map<String, float[]> texts = new HashMap<>();
  private final PictureExplainer explainer;
  private final Method method;
  private final PointingGame game;

  private PointingEvaluation(Diptych model, Method method, double tolerance) {
    explainer = new PictureExplainer(model);
    this.method = method;
    game = new PointingGame(tolerance);
  }

  /**
   * Plays the game.
   *
   * @param template what the name of a class is put into, with {@code {}} for the name
   * @param tolerance by how many pixels a point may miss, usually {@link
   *     PointingGame#USUAL_TOLERANCE}
   * @param bad is told of pictures that cannot be read
   * @param progress is told how many more pictures are done
   * @throws UserException if too many pictures cannot be read
   */
  public static PointingGame play(
      Diptych model,
      List<Scene> scenes,
      String template,
      Method method,
      double tolerance,
      BadRecords bad,
      LongConsumer progress) {
    PointingEvaluation evaluation = new PointingEvaluation(model, method, tolerance);
    TreeSet<String> names = new TreeSet<>();
    scenes.forEach(scene -> names.addAll(scene.things().keySet()));
    List<String> classes = List.copyOf(names);
    float[][] embedded =
        model.embedTexts(classes.stream().map(name -> template.replace("{}", name)).toList());
    for (int i = 0; i < embedded.length; i++) {
      evaluation.texts.put(classes.get(i), embedded[i]);
    }
    long good = 0;
    for (Scene scene : scenes) {
      try {
        byte[] encoded = scene.picture().read();
        evaluation.ask(PictureDecoder.decode(encoded, scene.picture().name()), scene);
        good++;
      } catch (PictureException e) {
        bad.add(BadReason.CORRUPT_PICTURE, scene.key(), String.valueOf(e.getMessage()));
      } catch (IOException e) {
        bad.add(BadReason.CORRUPT_PICTURE, scene.key(), UserException.reason(e));
      }
      progress.accept(1);
    }
    bad.check(good);
    return evaluation.game;
  }

  private void ask(Picture picture, Scene scene) {
    List<String> names = List.copyOf(scene.things().keySet());
    float[][] asked = new float[names.size()][];
    for (int i = 0; i < asked.length; i++) {
      asked[i] = texts.getOrDefault(names.get(i), new float[0]);
    }
    List<HeatMap> maps = explainer.explain(picture, asked, method);
    for (int i = 0; i < asked.length; i++) {
      List<Area> boxes = scene.things().getOrDefault(names.get(i), List.of());
      boolean hard = names.size() > 1 && covered(picture, boxes) < 0.25;
      game.ask(names.get(i), maps.get(i), boxes, hard);
    }
  }

  /** The share of the picture that the boxes fill, where they overlap counted once each. */
  private static double covered(Picture picture, List<Area> boxes) {
    double sum = 0;
    for (Area box : boxes) {
      sum += box.width() * box.height();
    }
    return sum / ((double) picture.width() * picture.height());
  }

  /**
   * The figures of a game: {@code pointing_accuracy} is the mean over classes, as published, of the
   * share of questions answered right; {@code _centre} and {@code _random} are the two players who
   * have not looked; {@code _difficult} counts small things among others alone.
   */
  public static Map<String, Double> metrics(PointingGame game) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    put(metrics, "", game.outcome());
    if (game.difficult().questions() > 0) {
      put(metrics, "_difficult", game.difficult());
    }
    return metrics;
  }

  private static void put(Map<String, Double> metrics, String which, PointingGame.Outcome outcome) {
    metrics.put("pointing_accuracy" + which, outcome.perClass().found());
    metrics.put("pointing_accuracy" + which + "_centre", outcome.perClass().centre());
    metrics.put("pointing_accuracy" + which + "_random", outcome.perClass().random());
    metrics.put("pointing_accuracy" + which + "_per_question", outcome.perQuestion().found());
  }
}
