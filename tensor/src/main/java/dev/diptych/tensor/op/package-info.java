/**
 * One file per op: checks the shapes, allocates the result in the scope it is given, and calls the
 * kernel of the device. Results that are needed again by the backward pass are returned in a {@code
 * Result} record.
 */
@NullMarked
package dev.diptych.tensor.op;

import org.jspecify.annotations.NullMarked;
