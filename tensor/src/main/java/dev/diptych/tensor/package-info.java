/** Placeholder header, replaced by the floor's own overview. */
@NullMarked
package dev.diptych.tensor;

import org.jspecify.annotations.NullMarked;
