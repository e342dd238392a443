package dev.diptych.clip.cli;

import dev.diptych.clip.explain.Method;
import picocli.CommandLine.Option;

/** The option {@code --method} of commands that draw or judge heat maps, to be mixed into them. */
final class ExplainMethod {
  @Option(
      names = "--method",
      defaultValue = "relevance",
      description = {
        "relevance: attention weighted by its gradient, through all blocks;",
        "values: cosine of each patch's own value with the text;",
        "similarity: cosine of each patch's last token with the text, for comparison only.",
        "Default: ${DEFAULT-VALUE}"
      })
  private Method method = Method.RELEVANCE;

  Method method() {
    return method;
  }
}
