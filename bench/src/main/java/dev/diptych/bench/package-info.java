/** Placeholder header, replaced by the floor's own overview. */
@NullMarked
package dev.diptych.bench;

import org.jspecify.annotations.NullMarked;
