/** One JMH benchmark per kernel; flops and bytes of each come from the kernel's own cost(). */
@NullMarked
package dev.diptych.bench.kernel;

import org.jspecify.annotations.NullMarked;
