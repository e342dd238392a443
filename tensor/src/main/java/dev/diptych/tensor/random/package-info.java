/** Random numbers that can be repeated from any point. */
@NullMarked
package dev.diptych.tensor.random;

import org.jspecify.annotations.NullMarked;
