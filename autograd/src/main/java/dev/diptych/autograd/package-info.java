/**
 * Reverse-mode differentiation over tensors.
 *
 * <p>A {@link dev.diptych.autograd.Tape} records what was computed; each entry is the output and
 * one closure that turns the output's gradient into those of the inputs (Griewank and Walther 2008,
 * §3.2). {@link dev.diptych.autograd.Functions} has one method per op: forward through {@code
 * tensor.op}, record, return. Read {@code Var}, {@code Tape}, then {@code Functions.layerNorm}.
 */
@NullMarked
package dev.diptych.autograd;

import org.jspecify.annotations.NullMarked;
