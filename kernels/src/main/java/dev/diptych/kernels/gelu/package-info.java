/**
 * The two GELUs (Hendrycks and Gimpel 2016).
 *
 * <pre>
 * Equation   gelu: y = x·Φ(x);  quick: y = x·σ(1.702·x)
 * Shapes     x, y any
 * Traffic    read x once, write y once: 8 bytes per element → memory-bound, so it is fused into the
 *            matrix multiplication before it where that is possible
 * Backward   gelu: dx = dy·(Φ(x) + x·φ(x));  quick: dx = dy·s·(1 + 1.702·x·(1 − s)), s = σ(1.702·x)
 * </pre>
 */
@NullMarked
package dev.diptych.kernels.gelu;

import org.jspecify.annotations.NullMarked;
