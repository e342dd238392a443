/** A PTX interpreter. */
@NullMarked
package dev.diptych.kernels.cuda.ptx;

import org.jspecify.annotations.NullMarked;
