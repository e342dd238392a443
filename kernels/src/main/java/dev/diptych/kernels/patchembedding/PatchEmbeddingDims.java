package dev.diptych.kernels.patchembedding;

import dev.diptych.kernels.memory.Cost;

/**
 * The sizes of a patch embedding.
 *
 * @param b pictures
 * @param size S, height and width of a picture: a multiple of the patch
 * @param patch P, height and width of a patch
 * @param c elements of a token
 */
public record PatchEmbeddingDims(int b, int size, int patch, int c) {
  /** Colours of a pixel. */
  public static final int COLOURS = 3;

  /** Checks that patches tile the picture. */
  public PatchEmbeddingDims {
    assert patch > 0 && size % patch == 0 : size + " is no multiple of " + patch;
  }

  /** G, patches side by side in a picture. */
  public int grid() {
    return size / patch;
  }

  /** G², patches of a picture. */
  public int patches() {
    return grid() * grid();
  }

  /** Tokens of a picture: the class token and the patches. */
  public int tokens() {
    return 1 + patches();
  }

  /** K, the numbers in a patch. */
  public int depth() {
    return COLOURS * patch * patch;
  }

  /** Floats of all pictures. */
  public int imageFloats() {
    return b * COLOURS * size * size;
  }

  /** Floats of all tokens. */
  public int tokenFloats() {
    return b * tokens() * c;
  }

  /** The least a forward pass must do: read images, W and positions; write y. */
  public Cost forwardCost() {
    return new Cost(
        4L * imageFloats() + 4L * tokenFloats() + 4L * c * (depth() + tokens() + 1L),
        multiplications());
  }

  /** The least a backward pass without dImages must do: read images, dy; read and write dW. */
  public Cost backwardCost() {
    return new Cost(
        4L * imageFloats() + 4L * tokenFloats() + 8L * c * (depth() + tokens() + 1L),
        multiplications());
  }

  private long multiplications() {
    return 2L * b * patches() * depth() * c;
  }
}
