package dev.diptych.clip.cli;

import dev.diptych.clip.ImageTower;
import dev.diptych.clip.explain.Method;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code --method} of commands that draw or judge heat maps, to be mixed into them. */
final class ExplainMethod {
  @Option(
      names = "--method",
      description = {
        "relevance: attention weighted by its gradient, through all blocks;",
        "values: cosine of each patch's own value with the text;",
        "similarity: cosine of each patch's last token with the text, for comparison only;",
        "grad_cam: for ResNets, channels of the last feature map weighted by their gradient.",
        "Default: grad_cam for a ResNet, relevance for a vision Transformer"
      })
  private @Nullable Method asked;

  /** The method that was asked for, or the usual one for {@code tower}. */
  Method of(ImageTower tower) {
    return asked != null ? asked : Method.usual(tower);
  }
}
