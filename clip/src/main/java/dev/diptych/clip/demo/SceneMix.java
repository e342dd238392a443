package dev.diptych.clip.demo;

/**
 * How often each kind of scene and wording comes up.
 *
 * @param single weight of scenes of one thing
 * @param group weight of scenes of two or three of the same thing
 * @param relation weight of scenes of two things side by side
 * @param sizeNamed probability that the caption of one thing says "small" or "large"
 * @param plain probability that a caption is the bare description, without "a photo of" and such
 */
public record SceneMix(
    double single, double group, double relation, double sizeNamed, double plain) {

  /** Refuses weights that are no probabilities. */
  public SceneMix {
    if (!(single >= 0 && group >= 0 && relation >= 0 && single + group + relation > 0)) {
      throw new IllegalArgumentException(
          "scene mix: weights must be at least 0 and not all 0, got single "
              + (single + ", group " + group + ", relation " + relation));
    }
    if (!(sizeNamed >= 0 && sizeNamed <= 1 && plain >= 0 && plain <= 1)) {
      throw new IllegalArgumentException(
          "scene mix: probabilities must be 0 to 1, got sizeNamed "
              + (sizeNamed + ", plain " + plain));
    }
  }

  /** The mix of the demonstration. */
  public static SceneMix standard() {
    return new SceneMix(0.7, 0.1, 0.2, 0.5, 0.4);
  }
}
