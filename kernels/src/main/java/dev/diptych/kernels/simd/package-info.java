/** The one place that chooses a vector width, and vector forms of the functions of mathematics. */
@NullMarked
package dev.diptych.kernels.simd;

import org.jspecify.annotations.NullMarked;
