/** Layers: parameters with a name, and the functions that use them. */
@NullMarked
package dev.diptych.autograd.nn;

import org.jspecify.annotations.NullMarked;
