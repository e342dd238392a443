/**
 * Whether a GPU computes what it should, and how fast. Every op has a list of cases, each held to
 * the double reference, and of timings. The tests run the cases against an interpreter of PTX; on a
 * machine with a GPU {@code GpuCheck} runs the same cases, and the timings, against that.
 */
@NullMarked
package dev.diptych.kernels.doctor;

import org.jspecify.annotations.NullMarked;
