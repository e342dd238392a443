/**
 * Addition, subtraction and multiplication element by element.
 *
 * <pre>
 * Equation   y = a + b;  y = a − b;  y = a·b;  y = s·a;  y ← y + s·a
 * Shapes     a, y (N, C); b (C), the same for each row: N = 1 when a and b have one shape,
 *            C = 1 when b is a single number; s a number
 * Traffic    read a once, write y once, 8·N·C bytes, and b → memory-bound
 * Method     a short b is repeated to some KiB first, so that all forms take the same long loop
 * Backward   +: da = dy, db = Σ_n dy;  −: da = dy, db = −Σ_n dy;  ·: da = dy·b, db = Σ_n dy·a
 *            s·a: da = s·dy
 * </pre>
 *
 * <p>Other broadcasts of N-d tensors are brought into this form by {@code tensor.op.Elementwise}.
 */
@NullMarked
package dev.diptych.kernels.elementwise;

import org.jspecify.annotations.NullMarked;
