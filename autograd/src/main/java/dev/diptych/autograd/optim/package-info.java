/** Optimisers and schedules. */
@NullMarked
package dev.diptych.autograd.optim;

import org.jspecify.annotations.NullMarked;
