package dev.diptych.clip.explain;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.TextConfig;
import dev.diptych.clip.VitConfig;
import dev.diptych.clip.image.Area;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.train.PairBatch;
import dev.diptych.clip.train.TrainOptions;
import dev.diptych.clip.train.Trainer;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.random.Philox;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A world whose truth is known, small enough to be learned in seconds: one or two squares, of
 * different colours, on a noisy grey ground; captions name the colours.
 */
public final class ColouredSquares {
  static final int SIDE = 24;
  private static final List<String> NAMES = List.of("red", "green", "blue", "yellow");
  private static final int[] COLOURS = {0xd02020, 0x20b040, 0x3050d0, 0xe0d030};
  private static final int SQUARE = 7;
  private static final int BATCH = 32;

  /**
   * A picture and what is in it.
   *
   * @param colours of the squares, as numbers, the smaller first
   * @param boxes where the squares are
   */
  public record Scene(Picture picture, int[] colours, List<Area> boxes) {}

  private ColouredSquares() {}

  public static String name(int colour) {
    return NAMES.get(colour);
  }

  /** Scene number {@code number} with one or two squares. */
  public static Scene scene(long number, int squares) {
    Philox random = new Philox(77, number);
    byte[] rgb = new byte[3 * SIDE * SIDE];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (110 + random.nextInt(30));
    }
    int[] colours = random.ints(0, NAMES.size()).distinct().limit(squares).sorted().toArray();
    List<Area> boxes = new ArrayList<>();
    while (boxes.size() < squares) {
      int x = random.nextInt(SIDE - SQUARE + 1);
      int y = random.nextInt(SIDE - SQUARE + 1);
      boolean free = true;
      for (Area other : boxes) {
        free &= Math.abs(other.x() - x) > SQUARE + 1 || Math.abs(other.y() - y) > SQUARE + 1;
      }
      if (free) {
        paint(rgb, x, y, COLOURS[colours[boxes.size()]], random);
        boxes.add(new Area(x, y, SQUARE, SQUARE));
      }
    }
    return new Scene(new Picture(SIDE, SIDE, rgb), colours, boxes);
  }

  private static void paint(byte[] rgb, int x, int y, int colour, Philox random) {
    for (int row = y; row < y + SQUARE; row++) {
      for (int column = x; column < x + SQUARE; column++) {
        for (int c = 0; c < 3; c++) {
          rgb[3 * (row * SIDE + column) + c] =
              (byte) (((colour >> (8 * (2 - c))) & 255) + random.nextInt(20));
        }
      }
    }
  }

  /** A model that has seen {@code steps} batches of such scenes; always the same. */
  public static Diptych train(int steps) {
    Tokenizer tokenizer =
        BpeTrainer.train(List.of("red and green", "blue and yellow", "a red"), 540, 1);
    ClipConfig config =
        new ClipConfig(
                32,
                new VitConfig(SIDE, 4, 32, 2, 2),
                new TextConfig(6, 600, 32, 1, 2, 599),
                Activation.QUICK_GELU)
            .withVocabulary(tokenizer.size());
    Clip clip = Clip.create(config, 3);
    try (Trainer trainer =
        new Trainer(clip, TrainOptions.of(BATCH, steps, steps / 10, 2e-3, 0.05, 3))) {
      while (!trainer.isDone()) {
        trainer.step(batch(trainer.step(), tokenizer, config.text().contextLength()));
      }
    }
    return new Diptych(clip, tokenizer);
  }

  private static PairBatch batch(long step, Tokenizer tokenizer, int context) {
    Preprocess preprocess = new Preprocess(SIDE);
    int pixels = 3 * SIDE * SIDE;
    float[] images = new float[BATCH * pixels];
    int[] tokens = new int[BATCH * context];
    int[] targets = new int[BATCH];
    Map<String, Integer> first = new HashMap<>();
    for (int i = 0; i < BATCH; i++) {
      Scene scene = scene((1 + step) * BATCH + i, 1 + i % 2);
      String caption =
          String.join(
              " and ", Arrays.stream(scene.colours()).mapToObj(ColouredSquares::name).toList());
      preprocess.normalise(scene.picture(), images, i * pixels);
      int[] ids = tokenizer.tokenize(caption, context, Truncation.REFUSE).tokens();
      System.arraycopy(ids, 0, tokens, i * context, context);
      Integer same = first.putIfAbsent(caption, i);
      targets[i] = same == null ? i : same;
    }
    return new PairBatch(
        Tensor.of(images, Shape.of(BATCH, 3, SIDE, SIDE)),
        new IntTensor(Shape.of(BATCH, context), tokens),
        targets);
  }
}
