/**
 * CLIP (Radford et al. 2021, "Learning transferable visual models from natural language
 * supervision"): two towers that map pictures and texts to one embedding space.
 *
 * <p>Read {@code ClipConfig}, {@code Clip}, {@code ResidualAttentionBlock}, {@code
 * VisionTransformer}, {@code TextTransformer}, then {@code train}; {@code ModifiedResNet} is the
 * other image tower.
 */
@NullMarked
package dev.diptych.clip;

import org.jspecify.annotations.NullMarked;
