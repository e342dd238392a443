/** How good a model is: retrieval both ways and zero-shot accuracy. */
@NullMarked
package dev.diptych.clip.evaluate;

import org.jspecify.annotations.NullMarked;
