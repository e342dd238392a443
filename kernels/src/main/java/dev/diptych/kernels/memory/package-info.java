/** The one kind of memory of CPU compute: heap {@code float[]} and an offset into it. */
@NullMarked
package dev.diptych.kernels.memory;

import org.jspecify.annotations.NullMarked;
