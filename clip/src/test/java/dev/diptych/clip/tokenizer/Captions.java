package dev.diptych.clip.tokenizer;

import java.util.List;

/** Captions of our own and a small vocabulary learnt from them. */
final class Captions {
  static final List<String> ALL =
      List.of(
          "a red circle above a blue square",
          "a blue square below a red circle",
          "two green triangles beside a yellow star",
          "the small red star is left of the large green circle",
          "three yellow squares and a circle that isn't red",
          "a café with red chairs; naïve drawings of 12 triangles",
          "it's a large blue triangle, isn't it?");

  private Captions() {}

  static Tokenizer tokenizer() {
    return BpeTrainer.train(ALL, 640, 2);
  }
}
