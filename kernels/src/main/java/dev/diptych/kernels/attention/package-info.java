/**
 * Scaled dot-product attention, fused (Vaswani et al. 2017, section 3.2.1; computed as in
 * FlashAttention, Dao et al. 2022).
 *
 * <pre>
 * Equation   s_ij = q_i·k_j/√D,  p_ij = exp(s_ij − lse_i),  lse_i = log Σ_j exp(s_ij)
 *            y_i = Σ_j p_ij·v_j;  j runs over the keys that query i may see
 * Shapes     q (B, Tq, ·), k, v (B, Tk, ·): rows of a stride, head h in columns h·D to h·D + D − 1
 *            y (B, Tq, H·D); saves lse (B, H, Tq)
 * Traffic    read q, k, v once, write y once; 4·Tq·Tk·D flops a head → compute-bound
 * Method     one task per picture and head; the rows of a tile of queries against all keys stay in
 *            L1, are turned into probabilities there and multiplied by v at once
 * Backward   p from q, k and lse again;  delta_i = dy_i·y_i;  ds_ij = p_ij·(dy_i·v_j − delta_i)/√D
 *            dq_i = Σ_j ds_ij·k_j,  dk_j = Σ_i ds_ij·q_i,  dv_j = Σ_i p_ij·dy_i
 * </pre>
 *
 * <p>The Tq×Tk matrix is never stored for all heads: a thread holds one tile of query rows of one
 * head. On a GPU ({@code AttentionCuda}) a block does. Read {@code AttentionReference} first: it is
 * the equations in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.attention;

import org.jspecify.annotations.NullMarked;
