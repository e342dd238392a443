package dev.diptych.clip;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * The sizes of an image tower: a vision Transformer's or a ResNet's. In JSON the one is told from
 * the other by its own components.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.DEDUCTION)
public sealed interface VisionConfig permits VitConfig, ResNetConfig {
  /** Side of the square pictures, in pixels. */
  int imageSize();

  /** Channels C: of a Transformer's residual stream, of a ResNet's stem after its third layer. */
  int width();

  /** Heads of the attention. */
  int heads();

  /** Side of the square of places that the attention sees: patches, or cells of the last stage. */
  int grid();

  /** Positions that the attention sees: one per place and one more for the whole picture. */
  default int tokens() {
    return grid() * grid() + 1;
  }
}
