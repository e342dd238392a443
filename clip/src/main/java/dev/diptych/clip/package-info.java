/** Placeholder header, replaced by the floor's own overview. */
@NullMarked
package dev.diptych.clip;

import org.jspecify.annotations.NullMarked;
