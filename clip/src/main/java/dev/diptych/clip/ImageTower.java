package dev.diptych.clip;

import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;

/** What turns pictures into embeddings. */
public sealed interface ImageTower permits VisionTransformer, ModifiedResNet {
  /** images (B, 3, S, S), normalised → embeddings (B, D), not normalised. */
  Var forward(Tape tape, Var images);

  /**
   * What a linear probe is trained on (CLIP paper Appendix A.3): the class token before the
   * projection for a Transformer, (B, C); the output of the attention pooling for a ResNet, (B, D).
   */
  Var features(Tape tape, Var images);

  /** The width of {@link #features}. */
  int featureWidth();
}
