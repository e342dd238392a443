/**
 * Matrix multiplication, where a transformer spends nine tenths of its time.
 *
 * <pre>
 * Equation   C = op(A)·op(B), op(X) = X or Xᵀ; then an epilogue on C: bias, activation, residual
 * Shapes     op(A) (M, K); op(B) (K, N); C (M, N); a batch of such triples
 * Traffic    4·(M·K + K·N + M·N) bytes for 2·M·N·K flops → compute-bound but for the smallest sizes
 * Method     B is packed into panels of two vectors' width, read front to back; a tile of C as high
 *            as the registers allow is summed in registers over a run of K that stays in L1
 * Backward   dA = dC·op(B)ᵀ, dB = op(A)ᵀ·dC: matrix multiplications again, of another form
 * </pre>
 *
 * <p>Read {@code MatmulReference} first, then {@code PlainTile}: the inner loop in its shortest
 * form, which {@code TileKernelGenerator} unrolls for every tile height.
 */
@NullMarked
package dev.diptych.kernels.matmul;

import org.jspecify.annotations.NullMarked;
