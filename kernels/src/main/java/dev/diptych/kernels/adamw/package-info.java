/**
 * The AdamW optimiser (Loshchilov, Hutter 2019, algorithm 2), with PyTorch's order of operations.
 *
 * <pre>
 * Equation   p ← p·(1 − η·λ);  m ← m + (1 − β₁)(g − m);  v ← β₂·v + (1 − β₂)·g²
 *            p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
 * Shapes     p, g, m, v: one flat block of all parameters; a call treats one range of it
 * Traffic    read p, g, m, v, write p, m, v: 28 bytes per parameter, 30 if a GPU also writes the
 *            copy of p in bf16 that products are computed with → memory-bound
 * Method     one pass; g is multiplied by the factor of gradient clipping on the way
 * </pre>
 *
 * <p>The weight decay λ differs between segments (CLIP decays matrices, not gains and biases): the
 * caller calls once for each. The gradient's norm, needed for clipping, is {@code sumOfSquares}. A
 * step whose factor of clipping is NaN changes nothing, which is how a step is passed over whose
 * loss or gradients are not finite.
 *
 * <p>Read {@code AdamWReference} first: it is the equation in a plain loop of double.
 */
@NullMarked
package dev.diptych.kernels.adamw;

import org.jspecify.annotations.NullMarked;
