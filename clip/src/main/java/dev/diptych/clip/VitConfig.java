package dev.diptych.clip;

/**
 * The sizes of a vision Transformer (Dosovitskiy et al. 2021).
 *
 * @param imageSize side of the square pictures, in pixels
 * @param patchSize side of the square patches, in pixels; divides {@code imageSize}
 * @param width channels C of the residual stream
 * @param layers number of blocks
 * @param heads attention heads; divides {@code width}
 */
public record VitConfig(int imageSize, int patchSize, int width, int layers, int heads)
    implements VisionConfig {
  /** Checks that the sizes fit each other; throws {@link UserException} if not. */
  public VitConfig {
    if (imageSize < 1 || patchSize < 1 || imageSize % patchSize != 0) {
      throw new UserException(
          "vision: pictures of %d pixels do not divide into patches of %d"
              .formatted(imageSize, patchSize));
    }
    ClipConfig.checkTransformer("vision", width, layers, heads);
  }

  /** Patches along a side of the picture. */
  @Override
  public int grid() {
    return imageSize / patchSize;
  }
}
