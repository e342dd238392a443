/** Placeholder header, replaced by the floor's own overview. */
@NullMarked
package dev.diptych.autograd;

import org.jspecify.annotations.NullMarked;
