package dev.diptych.clip.demo;

import dev.diptych.tensor.random.Philox;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * Makes scenes. Training scenes never contain a held-out thing; the test sets are drawn from
 * streams of their own, so no training picture comes back in them.
 *
 * <p>Safe for use by several threads: the state is in the random generator of the caller.
 */
public final class SceneGenerator {
  private static final long TRAINING = 1;
  private static final long CLASSIFICATION = 2;
  private static final long RETRIEVAL = 3;

  private final long seed;
  private final HeldOut heldOut;
  private final SceneMix mix;
  private final List<Thing> seen;

  /** Scenes of {@code mix} from {@code seed}, without {@code heldOut} in training. */
  public SceneGenerator(long seed, HeldOut heldOut, SceneMix mix) {
    this.seed = seed;
    this.heldOut = heldOut;
    this.mix = mix;
    this.seen = heldOut.seen();
  }

  /** The pairs kept from training. */
  public HeldOut heldOut() {
    return heldOut;
  }

  /** The random numbers of training example {@code number}: for its scene, then its caption. */
  public RandomGenerator trainingRandom(long number) {
    return new Philox(seed, Philox.stream(TRAINING, number));
  }

  /** A training scene: {@code generate(trainingRandom(number))}. */
  public Scene training(long number) {
    return generate(trainingRandom(number));
  }

  /** A scene for training, drawn from {@code random}. */
  public Scene generate(RandomGenerator random) {
    return generate(seen, random);
  }

  /** One caption of a training scene, as often with "a photo of" and a size as the mix says. */
  public String caption(Scene scene, RandomGenerator random) {
    return SceneCaptions.choose(scene, mix, random);
  }

  private Scene generate(List<Thing> things, RandomGenerator random) {
    double kind = random.nextDouble() * (mix.single() + mix.group() + mix.relation());
    if (kind < mix.single()) {
      return single(pick(things, random), random);
    }
    if (kind < mix.single() + mix.group()) {
      return group(pick(things, random), random);
    }
    return relation(things, random);
  }

  /**
   * The pictures of zero-shot classification: of each of {@code things} {@code perThing} scenes of
   * that thing alone, small and large by turns. Ordered by thing.
   */
  public List<Scene> classification(List<Thing> things, int perThing) {
    List<Scene> scenes = new ArrayList<>();
    for (Thing thing : things) {
      for (int i = 0; i < perThing; i++) {
        long stream = Philox.stream(CLASSIFICATION, (long) thing.index() << 32 | i);
        scenes.add(single(thing, i % 2 == 1, new Philox(seed, stream)));
      }
    }
    return scenes;
  }

  /**
   * New scenes for retrieval, of which no two have the same {@link Scene#meaning}, so that exactly
   * one of their full captions is right for each.
   *
   * @param withHeldOut whether held-out things occur as well, as often as any other
   * @throws IllegalArgumentException when the mix has fewer than {@code count} different scenes
   */
  public List<Scene> retrieval(int count, boolean withHeldOut) {
    RandomGenerator random = new Philox(seed, Philox.stream(RETRIEVAL, withHeldOut ? 1 : 0));
    List<Thing> things = withHeldOut ? Thing.all() : seen;
    List<Scene> scenes = new ArrayList<>();
    Set<Integer> meanings = new HashSet<>();
    for (long tries = 0; scenes.size() < count; tries++) {
      if (tries > 1000L + 200L * count) {
        throw new IllegalArgumentException(
            "retrieval: " + count + " different scenes asked for, found only " + scenes.size());
      }
      Scene scene = generate(things, random);
      if (meanings.add(scene.meaning())) {
        scenes.add(scene);
      }
    }
    return scenes;
  }

  private static Scene single(Thing thing, RandomGenerator random) {
    return single(thing, random.nextBoolean(), random);
  }

  private static Scene single(Thing thing, boolean large, RandomGenerator random) {
    double radius = large ? between(0.34, 0.44, random) : between(0.2, 0.25, random);
    double x = between(radius, 1 - radius, random);
    double y = between(radius, 1 - radius, random);
    SceneObject object = object(thing, x, y, radius, random);
    return scene(large ? Scene.Layout.LARGE : Scene.Layout.SMALL, List.of(object), random);
  }

  private static Scene group(Thing thing, RandomGenerator random) {
    int count = 2 + random.nextInt(2);
    double radius = between(0.15, 0.19, random);
    double[] x = new double[count];
    double[] y = new double[count];
    for (int placed = 0, tries = 0; placed < count; tries++) {
      if (tries == 40) { // a corner was cut off by the first ones: begin again
        placed = 0;
        tries = 0;
      }
      x[placed] = between(radius, 1 - radius, random);
      y[placed] = between(radius, 1 - radius, random);
      boolean free = true;
      for (int other = 0; other < placed; other++) {
        free &= Math.hypot(x[placed] - x[other], y[placed] - y[other]) > 2.15 * radius;
      }
      placed += free ? 1 : 0;
    }
    List<SceneObject> objects = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      objects.add(object(thing, x[i], y[i], radius, random));
    }
    return scene(Scene.Layout.GROUP, objects, random);
  }

  private static Scene relation(List<Thing> things, RandomGenerator random) {
    Thing first = pick(things, random);
    Thing second = pick(things, random);
    while (second.equals(first)) {
      second = pick(things, random);
    }
    double r1 = between(0.16, 0.22, random);
    double r2 = between(0.16, 0.22, random);
    double apart = between(1.08 * (r1 + r2), 1 - r1 - r2, random);
    double start = between(r1, 1 - r2 - apart, random);
    double across1 = between(r1, 1 - r1, random);
    double across2 = Math.clamp(across1 + between(-0.15, 0.15, random), r2, 1 - r2);
    boolean leftOf = random.nextBoolean();
    SceneObject one =
        leftOf
            ? object(first, start, across1, r1, random)
            : object(first, across1, start, r1, random);
    SceneObject two =
        leftOf
            ? object(second, start + apart, across2, r2, random)
            : object(second, across2, start + apart, r2, random);
    return scene(leftOf ? Scene.Layout.LEFT_OF : Scene.Layout.ABOVE, List.of(one, two), random);
  }

  private static SceneObject object(
      Thing thing, double x, double y, double radius, RandomGenerator random) {
    double turn = between(-0.1, 0.1, random);
    double bright = between(0.85, 1.05, random);
    int rgb = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      double level = (thing.colour().rgb() >> shift & 255) * bright + between(-14, 14, random);
      rgb |= (int) Math.clamp(Math.round(level), 0L, 255L) << shift;
    }
    return new SceneObject(thing, x, y, radius, turn, rgb);
  }

  private static Scene scene(
      Scene.Layout layout, List<SceneObject> objects, RandomGenerator random) {
    return new Scene(
        layout,
        objects,
        between(200, 240, random),
        between(-10, 10, random),
        random.nextInt(9),
        random.nextLong());
  }

  private static Thing pick(List<Thing> things, RandomGenerator random) {
    return things.get(random.nextInt(things.size()));
  }

  private static double between(double low, double high, RandomGenerator random) {
    return low + (high - low) * random.nextDouble();
  }

  /** The numbers 0 to n − 1 in random order. */
  static int[] permutation(int n, RandomGenerator random) {
    int[] order = new int[n];
    for (int i = 0; i < n; i++) {
      int j = random.nextInt(i + 1);
      order[i] = order[j];
      order[j] = i;
    }
    return order;
  }
}
