/**
 * Batch normalisation (Ioffe and Szegedy 2015) of rows of channels.
 *
 * <pre>
 * Equation   y = (x − μ)·rstd·w + b for each channel, rstd = 1/√(σ² + ε)
 *            training: μ = mean(x), σ² = mean((x − μ)²) over the rows of the batch, and
 *            running mean ← (1−m)·running mean + m·μ, running variance with σ²·N/(N−1) likewise
 *            otherwise: μ, σ² = the running mean and variance
 * Shapes     x, y (N, C), N = pictures × pixels; w, b, μ, σ², rstd (C)
 * Traffic    training: read x twice, write y; otherwise read x, write y → memory-bound
 * Method     chunks of rows that stay in L2 give their mean and centred squares, joined as Chan,
 *            Golub and LeVeque (1979) do; then one pass writes y
 * Backward   dw = Σ_rows dy·n,  db = Σ_rows dy,  n = (x − μ)·rstd
 *            training: dx = w·rstd·(dy − db/N − n·dw/N); otherwise: dx = w·rstd·dy
 * </pre>
 *
 * <p>Read {@code BatchNormReference} first: it is the equations in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.batchnorm;

import org.jspecify.annotations.NullMarked;
