/** Measured limits of the machine, which every figure is held against. */
@NullMarked
package dev.diptych.bench.roofline;

import org.jspecify.annotations.NullMarked;
