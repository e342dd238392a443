package dev.diptych.clip;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PngEncoder;
import dev.diptych.clip.tokenizer.BpeTrainer;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.weights.OpenAiWeights;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A model of random weights that runs in no time, and pictures for it. */
public final class Tiny {
  private Tiny() {}

  /** A model with its tokenizer; the same for a seed. */
  public static Diptych model(long seed) {
    return model(new VitConfig(16, 8, 24, 1, 2), seed);
  }

  /** The same with a ResNet for pictures of 64 pixels, of which it sees 2 × 2 places. */
  public static Diptych resNet(long seed) {
    return model(new ResNetConfig(64, 4, List.of(1, 1, 1, 1), 2), seed);
  }

  private static Diptych model(VisionConfig vision, long seed) {
    Tokenizer tokenizer =
        BpeTrainer.train(List.of("a photo of a cat", "a lamp", "two red dogs"), 530, 1);
    ClipConfig config =
        new ClipConfig(12, vision, new TextConfig(20, 600, 16, 1, 2, 599), Activation.QUICK_GELU)
            .withVocabulary(tokenizer.size());
    return new Diptych(Clip.create(config, seed), tokenizer);
  }

  /** Writes {@link #model} to {@code folder}/model.safetensors and returns that path. */
  public static Path save(Path folder, long seed) {
    return save(folder, model(seed));
  }

  /** Writes a model to {@code folder}/model.safetensors, closes it, and returns that path. */
  public static Path save(Path folder, Diptych tiny) {
    try (Diptych model = tiny) {
      SafetensorsWriter writer = new SafetensorsWriter();
      OpenAiWeights.write(model.clip(), writer);
      Files.createDirectories(folder);
      writer.write(folder.resolve("model.safetensors"));
      model.tokenizer().save(folder);
      return folder.resolve("model.safetensors");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A picture of {@code width} × {@code height} pixels, another one for each seed. */
  public static Picture picture(int width, int height, int seed) {
    byte[] rgb = new byte[3 * width * height];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * (2 * seed + 31) + 77 * seed);
    }
    return new Picture(width, height, rgb);
  }

  /** Writes such a picture of 20 × 18 pixels as a PNG, makes its folders, and returns the path. */
  public static Path png(Path file, int seed) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      return Files.write(file, PngEncoder.encode(picture(20, 18, seed)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
