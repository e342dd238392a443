/**
 * Whether a machine computes what it should, and how fast. Every op of a GPU has a list of cases,
 * each held to the double reference, and of timings. The tests run the cases against an interpreter
 * of PTX; on a machine with a GPU {@link dev.diptych.kernels.doctor.GpuCheckup} runs the same
 * cases, and the timings, against that. {@link dev.diptych.kernels.doctor.CpuCheckup} does the like
 * for a few ops of the CPU, and {@link dev.diptych.kernels.doctor.QuickLook} times its matrix
 * products.
 */
@NullMarked
package dev.diptych.kernels.doctor;

import org.jspecify.annotations.NullMarked;
