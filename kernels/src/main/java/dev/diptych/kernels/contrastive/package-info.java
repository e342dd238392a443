/**
 * The contrastive loss of CLIP (Radford et al. 2021, section 2.3 and figure 3): symmetric InfoNCE.
 *
 * <pre>
 * Equation   s_ij = exp(t)·u_i·v_j;  L = 1/(2N) Σ_i (−log softmax_j(s_ij)_i − log softmax_j(s_ji)_i)
 * Shapes     u, v (N, D): images and texts, of length one or brought to it here; t (1): log of the
 *            scale; saves the log-sum-exp of each row and each column of s: (N) twice
 * Traffic    2·N·N·D flops over 8·N·D bytes → compute-bound
 * Method     s lives only as tiles, 256 images wide and 128 texts high, that stay in the cache: one
 *            sweep gathers (shift, Σ exp(s − shift)) of all rows and columns and joins them
 * Backward   from tiles computed again: g = (P + Q − 2·target)/(2N), P and Q the softmax of rows
 *            and columns; du = exp(t)·g·v, dv = exp(t)·gᵀ·u: 4 matrix products with the forward one
 *            dt = Σ g·s, rearranged (see below)
 * </pre>
 *
 * <p><b>Memory.</b> The N × N matrix is never stored: what is needed beside inputs and outputs is
 * {@code ContrastiveDims.forwardScratch} and {@code backwardScratch}, which grow with N.
 *
 * <p><b>dt.</b> Each row of P and of the targets sums to 1, so s may be replaced in Σ (P −
 * target)·s by s − lse = log P: dt = L + 1/(2N) Σ_ij (P_ij·log P_ij + Q_ij·log Q_ij). The plain sum
 * would multiply the rounding of P by logits of up to 100; this one multiplies it by p·log p, below
 * 0.37.
 *
 * <p><b>On a GPU</b> ({@code ContrastiveCuda}) the rows of s come in chunks of up to 64 MiB, each
 * written by a matrix product and read once: the kernels are in {@code contrastive.cu}.
 *
 * <p><b>Several positives.</b> With ids, every text of the same id as image i is a match of i, as
 * when a batch holds two captions of one picture: the target of row i is 1/|P(i)| on its matches
 * P(i), so −log softmax is averaged over them (Khosla et al. 2020, "Supervised contrastive
 * learning", equation 2, the form with the sum outside the logarithm), and columns likewise.
 *
 * <p><b>Order.</b> Sums are cut by N alone and joined in order: the bits do not depend on threads.
 *
 * <p>Read {@code ContrastiveReference} first: it is the equation in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.contrastive;

import org.jspecify.annotations.NullMarked;
