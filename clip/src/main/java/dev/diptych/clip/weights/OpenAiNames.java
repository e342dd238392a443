package dev.diptych.clip.weights;

/** The names of OpenAI's state dict, which open_clip shares for its standard models. */
public final class OpenAiNames {
  private static final String[][] OURS_TO_OPENAI = {
    {"vision.patches.weight", "visual.conv1.weight"},
    {"vision.classEmbedding", "visual.class_embedding"},
    {"vision.positions", "visual.positional_embedding"},
    {"vision.preNorm.", "visual.ln_pre."},
    {"vision.blocks.", "visual.transformer.resblocks."},
    {"vision.postNorm.", "visual.ln_post."},
    {"vision.projection", "visual.proj"},
    {"vision.stem.", "visual."},
    {"vision.stage", "visual.layer"},
    {"vision.pool.positions", "visual.attnpool.positional_embedding"},
    {"vision.pool.", "visual.attnpool."},
    {"text.tokens", "token_embedding.weight"},
    {"text.positions", "positional_embedding"},
    {"text.blocks.", "transformer.resblocks."},
    {"text.finalNorm.", "ln_final."},
    {"text.projection", "text_projection"},
    {"logitScale", "logit_scale"},
  };

  private static final String[][] INSIDE = {
    {".attentionNorm.", ".ln_1."},
    {".attention.input.weight", ".attn.in_proj_weight"},
    {".attention.input.bias", ".attn.in_proj_bias"},
    {".attention.output.", ".attn.out_proj."},
    {".mlpNorm.", ".ln_2."},
    {".mlp.expand.", ".mlp.c_fc."},
    {".mlp.contract.", ".mlp.c_proj."},
    {".shortcut.conv.", ".downsample.0."},
    {".shortcut.norm.", ".downsample.1."},
    {".norm", ".bn"},
    {".runningMean", ".running_mean"},
    {".runningVariance", ".running_var"},
    {".query.", ".q_proj."},
    {".key.", ".k_proj."},
    {".value.", ".v_proj."},
    {"attnpool.output.", "attnpool.c_proj."},
  };

  private OpenAiNames() {}

  /** OpenAI's name of the parameter or buffer that a {@code Clip} calls {@code ours}. */
  public static String of(String ours) {
    for (String[] pair : OURS_TO_OPENAI) {
      if (ours.startsWith(pair[0])) {
        String name = pair[1] + ours.substring(pair[0].length());
        for (String[] inner : INSIDE) {
          name = name.replace(inner[0], inner[1]);
        }
        return name;
      }
    }
    throw new IllegalArgumentException("no OpenAI name is known for " + ours);
  }
}
