/** How good a model is: zero-shot accuracy, retrieval both ways, linear probes, pointing. */
@NullMarked
package dev.diptych.clip.evaluate;

import org.jspecify.annotations.NullMarked;
