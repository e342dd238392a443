package dev.diptych.clip.demo;

import java.util.ArrayList;
import java.util.List;

/**
 * What a picture shows, as data: {@link SceneRenderer} draws it, {@link SceneCaptions} puts it into
 * words.
 *
 * @param layout how the objects belong together
 * @param objects what is drawn: one, or two or three of the same, or two that differ
 * @param background grey level, 0 to 255
 * @param slope how much brighter the background grows from left to right and from top to bottom
 * @param noise the greatest change of a pixel, in levels
 * @param noiseSeed where the noise starts
 */
public record Scene(
    Layout layout,
    List<SceneObject> objects,
    double background,
    double slope,
    int noise,
    long noiseSeed) {

  private static final List<Layout> LAYOUTS = List.of(Layout.values());

  /** How the objects of a scene belong together. */
  public enum Layout {
    /** One thing, small. */
    SMALL,
    /** One thing, large. */
    LARGE,
    /** Two or three of the same thing. */
    GROUP,
    /** The first thing is to the left of the second, which differs. */
    LEFT_OF,
    /** The first thing is above the second, which differs. */
    ABOVE
  }

  /** Keeps its own copy of the objects. */
  public Scene {
    objects = List.copyOf(objects);
  }

  /** The first thing, and the only one but in relations. */
  public Thing first() {
    return objects.getFirst().thing();
  }

  /** The last thing: the second of a relation. */
  public Thing last() {
    return objects.getLast().thing();
  }

  /** The things in it, each once. */
  public List<Thing> things() {
    List<Thing> things = new ArrayList<>();
    for (SceneObject object : objects) {
      if (!things.contains(object.thing())) {
        things.add(object.thing());
      }
    }
    return things;
  }

  /**
   * A number that two scenes share when, and only when, the full description of one is true of the
   * other: those are no negatives of each other in a batch.
   */
  public int meaning() {
    int all = Thing.all().size();
    int pair = first().index() * all + last().index();
    return (LAYOUTS.indexOf(layout) * 4 + objects.size()) * all * all + pair;
  }
}
