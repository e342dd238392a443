/**
 * Layer normalisation (Ba, Kiros, Hinton 2016).
 *
 * <pre>
 * Equation   y = (x − μ)·rstd·w + b,  μ = mean(x),  rstd = 1/√(mean((x − μ)²) + ε)
 * Shapes     x, y (N, C); w, b (C); saves μ, rstd (N)
 * Traffic    read x once, write y once: 8·N·C bytes → memory-bound
 * Method     one row at a time, which stays in L1: sum, centred squares, then write
 * Backward   dx = rstd·(g − mean(g) − n·mean(g·n)),  g = dy·w,  n = (x − μ)·rstd
 *            dw = Σ_rows dy·n,  db = Σ_rows dy
 * </pre>
 *
 * <p>Read {@code LayerNormReference} first: it is the equation in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.layernorm;

import org.jspecify.annotations.NullMarked;
