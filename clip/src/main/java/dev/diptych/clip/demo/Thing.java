package dev.diptych.clip.demo;

import java.util.ArrayList;
import java.util.List;

/** A colour and a shape together, as in "red circle": what zero-shot classification tells apart. */
public record Thing(Colour colour, Shape shape) {
  private static final List<Colour> COLOURS = List.of(Colour.values());
  private static final List<Shape> SHAPES = List.of(Shape.values());
  private static final List<Thing> ALL = makeAll();

  private static List<Thing> makeAll() {
    List<Thing> all = new ArrayList<>();
    for (Colour colour : COLOURS) {
      for (Shape shape : SHAPES) {
        all.add(new Thing(colour, shape));
      }
    }
    return List.copyOf(all);
  }

  /** Every thing there is, ordered by {@link #index}. */
  public static List<Thing> all() {
    return ALL;
  }

  /** The class number: its place in {@link #all}. */
  public int index() {
    return COLOURS.indexOf(colour) * SHAPES.size() + SHAPES.indexOf(shape);
  }

  /** For example "red circle". */
  public String words() {
    return colour.word() + " " + shape.word();
  }

  /** For example "red circles". */
  public String plural() {
    return colour.word() + " " + shape.plural();
  }

  /** The prompt of zero-shot classification: "a photo of a red circle". */
  public String prompt() {
    return "a photo of a " + words();
  }

  /** Several prompts, to be embedded each and averaged (CLIP paper, section 3.1.4). */
  public List<String> prompts() {
    return List.of(
        prompt(),
        "a " + words(),
        "a picture of a " + words(),
        "a small " + words(),
        "a large " + words(),
        "a photo of a small " + words(),
        "a photo of a large " + words());
  }

  @Override
  public String toString() {
    return words();
  }
}
