/**
 * Splitting work over threads in a way that never changes its result: how work is cut into tasks
 * depends on its size alone, never on the number of threads, and partial results are joined in task
 * order.
 */
@NullMarked
package dev.diptych.kernels.parallel;

import org.jspecify.annotations.NullMarked;
