/**
 * Two-dimensional convolution (strictly: cross-correlation) over pictures whose channels lie side
 * by side.
 *
 * <pre>
 * Equation   y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c,  x = 0 outside the picture
 * Shapes     x (B, H, W, C); W (O, C, KH, KW) as checkpoints hold it; y (B, OH, OW, O)
 * Work       2·B·OH·OW·KH·KW·C·O flops for 4·(B·H·W·C + B·OH·OW·O + |W|) bytes → compute-bound
 * Method     y = im2col(x)·W', one row of im2col per pixel of y: a few tiles of rows are gathered
 *            into scratch and multiplied at once, so the matrix never exists as a whole. Channels
 *            last make a row KH runs of KW·C neighbours. 1×1 with stride 1 is a plain product.
 * Backward   dx = im2col(dy, spread by the stride)·W turned by 180°: the same method again
 *            dW' = dyᵀ·im2col(x), some hundred rows after the other
 * </pre>
 *
 * <p>Read {@code Conv2dReference} first, then {@code Windows}: the rows of im2col.
 */
@NullMarked
package dev.diptych.kernels.conv2d;

import org.jspecify.annotations.NullMarked;
