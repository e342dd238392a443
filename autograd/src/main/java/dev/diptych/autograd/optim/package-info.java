/** Optimisers and schedules, and a minimiser of functions. */
@NullMarked
package dev.diptych.autograd.optim;

import org.jspecify.annotations.NullMarked;
