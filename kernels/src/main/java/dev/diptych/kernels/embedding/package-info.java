/**
 * Rows picked by number: token embedding, and one row per picture or text.
 *
 * <pre>
 * Equation   embedding: y_bt = table_id(b,t) + positions_t;  gather: y_b = x_b,index(b)
 * Shapes     ids (B, T) ints, table (V, C), positions (T, C), y (B, T, C);
 *            gather: x (B, T, C), index (B) ints, y (B, C)
 * Traffic    read B·T rows of the table, write y: 8·B·T·C bytes → memory-bound
 * Method     rows on all threads; positions are added in the same pass
 * Backward   dTable_id += Σ dy_bt over all (b, t) with that id;  dPositions_t += Σ_b dy_bt
 *            gather: dx_b,index(b) = dy_b, zero elsewhere
 * </pre>
 *
 * <p>Many (b, t) share an id, padding above all, so a table row cannot belong to a row of dy. In
 * the backward pass each task owns some columns of the table instead and walks all of dy in order:
 * no two tasks write one element, and the order of every sum is that of the text.
 */
@NullMarked
package dev.diptych.kernels.embedding;

import org.jspecify.annotations.NullMarked;
