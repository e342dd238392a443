/**
 * The two GELUs (Hendrycks and Gimpel 2016).
 *
 * <pre>
 * Equation   gelu: y = x·Φ(x);  quick: y = x·σ(1.702·x)
 * Shapes     x, y any, of N elements
 * Traffic    read x once, write y once: 8·N bytes → memory-bound, so it is fused into the matrix
 *            multiplication before it where that is possible
 * Method     one pass; Φ and σ from polynomials and one exp on vectors, see VectorMath
 * Backward   gelu: dx = dy·(Φ(x) + x·φ(x));  quick: dx = dy·s·(1 + 1.702·x·(1 − s)), s = σ(1.702·x)
 * </pre>
 *
 * <p>Read {@code GeluReference} first: it is the equation in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.gelu;

import org.jspecify.annotations.NullMarked;
