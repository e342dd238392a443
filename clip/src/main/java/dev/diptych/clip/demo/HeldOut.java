package dev.diptych.clip.demo;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;

/**
 * The pairs of colour and shape that no picture and no caption of the training shows. Every colour
 * and every shape still occurs in training with others, so that both words and both looks can be
 * learned apart.
 */
public final class HeldOut {
  private final List<Thing> things;
  private final boolean[] held = new boolean[Thing.all().size()];

  /**
   * Holds out {@code things}.
   *
   * @throws IllegalArgumentException when a colour or a shape would be missing from training
   */
  public HeldOut(Set<Thing> things) {
    List<Thing> sorted = new ArrayList<>(things);
    sorted.sort(Comparator.comparingInt(Thing::index));
    this.things = List.copyOf(sorted);
    for (Thing thing : sorted) {
      held[thing.index()] = true;
    }
    for (Colour colour : Colour.values()) {
      requireSeen(colour.word(), Thing.all().stream().filter(t -> t.colour() == colour).toList());
    }
    for (Shape shape : Shape.values()) {
      requireSeen(shape.word(), Thing.all().stream().filter(t -> t.shape() == shape).toList());
    }
  }

  private void requireSeen(String word, List<Thing> among) {
    if (among.stream().allMatch(this::holds)) {
      throw new IllegalArgumentException(
          "held-out pairs: '" + word + "' must stay in training with something, but all are held");
    }
  }

  /**
   * Eight pairs chosen by {@code random}: one of each shape, and of each colour one or two, so that
   * no word is rarer in training than another by much.
   */
  public static HeldOut choose(RandomGenerator random) {
    List<Colour> colours = List.of(Colour.values());
    List<Shape> shapes = List.of(Shape.values());
    int[] order = new int[shapes.size()];
    int[] shuffled = SceneGenerator.permutation(colours.size(), random);
    for (int i = 0; i < order.length; i++) {
      order[i] = shuffled[i % shuffled.length];
    }
    int[] places = SceneGenerator.permutation(order.length, random);
    Set<Thing> things = new TreeSet<>(Comparator.comparingInt(Thing::index));
    for (int i = 0; i < order.length; i++) {
      things.add(new Thing(colours.get(order[places[i]]), shapes.get(i)));
    }
    return new HeldOut(things);
  }

  /** The held-out things, ordered by {@link Thing#index}. */
  public List<Thing> things() {
    return things;
  }

  /** The things of training, ordered by {@link Thing#index}. */
  public List<Thing> seen() {
    return Thing.all().stream().filter(thing -> !holds(thing)).toList();
  }

  /** Whether {@code thing} is kept from training. */
  public boolean holds(Thing thing) {
    return held[thing.index()];
  }

  @Override
  public String toString() {
    return things.toString();
  }
}
