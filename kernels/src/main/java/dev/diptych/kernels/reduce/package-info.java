/**
 * Sums, means and maxima.
 *
 * <pre>
 * Equation   all: s·Σ_nc x;  over rows: s·Σ_n x;  over columns: s·Σ_c x;  max_c x and where it is
 *            (s = 1 for a sum, 1/count for a mean)
 * Shapes     x (N, C); all (); over rows (C); over columns, max and index (N)
 * Traffic    read x once: 4·N·C bytes → memory-bound
 * Method     blocks of fixed size, each summed by itself; the partial sums are joined in order, so
 *            the bits do not depend on the threads
 * Backward   sums: dx = s·dy, spread over what was summed;  max: dx = dy where the maximum was, else 0
 * </pre>
 *
 * <p>Of equal maxima the first wins. A NaN is larger than everything, and the first NaN wins.
 */
@NullMarked
package dev.diptych.kernels.reduce;

import org.jspecify.annotations.NullMarked;
