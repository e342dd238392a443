package dev.diptych.clip.demo;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Scenes in words. Each wording names the colour and the shape of everything in the picture, so
 * that the contrastive loss cannot be lowered without learning both; relations are told from either
 * side.
 */
public final class SceneCaptions {
  private static final List<String> OPENINGS =
      List.of("a photo of ", "a picture of ", "a drawing of ", "an image of ");

  private SceneCaptions() {}

  /** The full description, bare: no two scenes of different {@link Scene#meaning} share it. */
  public static String full(Scene scene) {
    return description(scene, true, false, false);
  }

  /** Every caption that the generator may give to {@code scene}, each once. */
  public static List<String> all(Scene scene) {
    Set<String> descriptions = new LinkedHashSet<>();
    for (int form = 0; form < 8; form++) {
      descriptions.add(description(scene, (form & 1) == 0, (form & 2) == 2, (form & 4) == 4));
    }
    List<String> captions = new ArrayList<>(descriptions);
    for (String opening : OPENINGS) {
      for (String description : descriptions) {
        captions.add(opening + description);
      }
    }
    return captions;
  }

  /** One of {@link #all}, as often with a size and an opening as {@code mix} says. */
  static String choose(Scene scene, SceneMix mix, RandomGenerator random) {
    boolean sized = random.nextDouble() < mix.sizeNamed();
    boolean reversed = random.nextBoolean();
    boolean brief = random.nextBoolean();
    boolean bare = random.nextDouble() < mix.plain();
    String opening = bare ? "" : OPENINGS.get(random.nextInt(OPENINGS.size()));
    return opening + description(scene, sized, reversed, brief);
  }

  private static String description(Scene scene, boolean sized, boolean reversed, boolean brief) {
    return switch (scene.layout()) {
      case SMALL -> (sized ? "a small " : "a ") + scene.first().words();
      case LARGE -> (sized ? "a large " : "a ") + scene.first().words();
      case GROUP -> (scene.objects().size() == 2 ? "two " : "three ") + scene.first().plural();
      case LEFT_OF -> {
        String side = reversed ? "right of" : "left of";
        yield related(scene, brief ? side : "to the " + side, reversed);
      }
      case ABOVE -> related(scene, reversed ? "below" : "above", reversed);
    };
  }

  private static String related(Scene scene, String relation, boolean reversed) {
    Thing subject = reversed ? scene.last() : scene.first();
    Thing object = reversed ? scene.first() : scene.last();
    return "a " + subject.words() + " " + relation + " a " + object.words();
  }
}
