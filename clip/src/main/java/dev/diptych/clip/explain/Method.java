package dev.diptych.clip.explain;

import dev.diptych.clip.ImageTower;
import dev.diptych.clip.ModifiedResNet;
import dev.diptych.clip.VisionTransformer;

/** How a {@link HeatMap} comes about. */
public enum Method {
  /**
   * The cosine of each patch's last token, projected like the class token, with the text. Nothing
   * in training asks this of patches: their tokens carry what the whole picture is about wherever
   * there is room, so in published models the background often answers more than the object does
   * (Li et al. 2023, "CLIP Surgery": opposite visualisation).
   */
  SIMILARITY,

  /**
   * The same after a last block in which every token hears itself alone, its own value, instead of
   * the others (Zhou et al. 2022, MaskCLIP, §3.2): patches keep to what is in their place.
   */
  VALUES,

  /**
   * What the class token's similarity with the text owes to each patch: attention weighted by its
   * gradient, through all blocks (Chefer, Gur and Wolf 2021, equations 5 and 6).
   */
  RELEVANCE,

  /**
   * For ResNets, which have no attention before their last layer: the channels of the last feature
   * map, each weighted by the mean of its gradient (Selvaraju et al. 2017, Grad-CAM).
   */
  GRAD_CAM;

  /** The one to take for a tower if nothing else is asked for. */
  public static Method usual(ImageTower tower) {
    return switch (tower) {
      case VisionTransformer transformer -> RELEVANCE;
      case ModifiedResNet resNet -> GRAD_CAM;
    };
  }
}
