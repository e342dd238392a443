package dev.diptych.clip;

import dev.diptych.autograd.Arithmetic;
import dev.diptych.autograd.Convolutions;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import org.jspecify.annotations.Nullable;

/**
 * A block of a ResNet (He et al. 2016, §4.1): x + expand(filter(reduce(x))), each convolution
 * normalised, with rectifiers between and at the end. Where the picture shrinks, it is averaged
 * before a convolution of stride 1 and not read in strides, so that nothing aliases (CLIP paper
 * §2.4: rect-2 blur pooling, Zhang 2019).
 */
final class Bottleneck {
  /** How many times wider a block's output is than its inside. */
  static final int EXPANSION = 4;

  private final NormalisedConvolution reduce;
  private final NormalisedConvolution filter;
  private final NormalisedConvolution expand;
  private final @Nullable NormalisedConvolution shortcut;
  private final int stride;

  /**
   * Announces the convolutions {@code conv1}, {@code conv2} and {@code conv3} with {@code norm1},
   * {@code norm2} and {@code norm3}, and, where input and output differ in shape, {@code
   * shortcut.conv} with {@code shortcut.norm}. The last norm's gain starts at 0: the block begins
   * as its shortcut.
   *
   * @param channels inside the block; its output has {@link #EXPANSION} times as many
   */
  Bottleneck(Parameters.Builder parameters, String name, int inputs, int channels, int stride) {
    this.stride = stride;
    int outputs = EXPANSION * channels;
    reduce = layer(parameters, name, 1, inputs, channels, 1, 1);
    filter = layer(parameters, name, 2, channels, channels, 3, 1);
    expand = layer(parameters, name, 3, channels, outputs, 1, 0);
    shortcut =
        stride > 1 || inputs != outputs
            ? new NormalisedConvolution(
                parameters,
                name + ".shortcut.conv",
                name + ".shortcut.norm",
                inputs,
                outputs,
                1,
                1,
                1)
            : null;
  }

  private static NormalisedConvolution layer(
      Parameters.Builder parameters,
      String name,
      int number,
      int inputs,
      int outputs,
      int kernel,
      float gain) {
    return new NormalisedConvolution(
        parameters,
        name + ".conv" + number,
        name + ".norm" + number,
        inputs,
        outputs,
        kernel,
        1,
        gain);
  }

  /** x (B, H, W, inputs) → (B, H/stride, W/stride, 4·channels). Without recording, x is freed. */
  Var forward(Tape tape, Var x) {
    Var reduced = reduce.forwardRelu(tape, x); // (B, H, W, channels)
    Var filtered = filter.forwardRelu(tape, reduced); // (B, H, W, channels)
    tape.discard(reduced);
    Var pooled = shrink(tape, filtered); // (B, H/stride, W/stride, channels)
    if (pooled != filtered) {
      tape.discard(filtered);
    }
    Var residual = expand.forward(tape, pooled); // (B, H/stride, W/stride, 4·channels)
    tape.discard(pooled);
    Var kept = shortcut(tape, x); // (B, H/stride, W/stride, 4·channels)
    Var sum = Arithmetic.add(tape, residual, kept);
    tape.discard(residual);
    tape.discard(kept);
    if (kept != x) {
      tape.discard(x);
    }
    Var y = Convolutions.relu(tape, sum);
    tape.discard(sum);
    return y;
  }

  private Var shortcut(Tape tape, Var x) {
    if (shortcut == null) {
      return x;
    }
    Var pooled = shrink(tape, x); // (B, H/stride, W/stride, inputs)
    Var y = shortcut.forward(tape, pooled); // (B, H/stride, W/stride, 4·channels)
    if (pooled != x) {
      tape.discard(pooled);
    }
    return y;
  }

  private Var shrink(Tape tape, Var x) {
    return stride > 1 ? Convolutions.averagePool(tape, x, stride) : x;
  }
}
