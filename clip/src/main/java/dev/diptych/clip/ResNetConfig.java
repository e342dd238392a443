package dev.diptych.clip;

import java.util.List;

/**
 * The sizes of CLIP's ModifiedResNet (CLIP paper §2.4, Table 19; the original's {@code
 * vision_layers} and {@code vision_width}).
 *
 * @param imageSize side of the square pictures, in pixels; a multiple of 32
 * @param width channels C of the stem; the four stages have 4C, 8C, 16C and 32C
 * @param stages bottleneck blocks in each of the four stages, such as 3, 4, 6, 3
 * @param heads heads of the attention pooling; divides 32C
 */
public record ResNetConfig(int imageSize, int width, List<Integer> stages, int heads)
    implements VisionConfig {
  /** How much smaller than the picture the last stage's feature map is, along each side. */
  public static final int REDUCTION = 32;

  /** Checks that the sizes fit each other; throws {@link UserException} if not. */
  public ResNetConfig {
    stages = List.copyOf(stages);
    if (imageSize < REDUCTION || imageSize % REDUCTION != 0) {
      throw new UserException(
          "vision: a ResNet halves its pictures five times: their side must be a multiple of %d, got %d"
              .formatted(REDUCTION, imageSize));
    }
    if (stages.size() != 4 || stages.stream().anyMatch(blocks -> blocks < 1)) {
      throw new UserException(
          "vision: a ResNet has four stages of at least one block, got " + stages);
    }
    if (width < 2 || width % 2 != 0 || heads < 1 || REDUCTION * width % heads != 0) {
      throw new UserException(
          "vision: %d channels and %d heads do not make a ResNet: the channels must be even, and the heads must divide 32 times the channels"
              .formatted(width, heads));
    }
  }

  /** Channels of the last stage, which the attention pools: 32C. */
  public int featureWidth() {
    return REDUCTION * width;
  }

  /** Cells along a side of the last stage's feature map. */
  @Override
  public int grid() {
    return imageSize / REDUCTION;
  }
}
