/** Pictures by the thousand, and texts, into vectors: streaming, batched, decoded in parallel. */
@NullMarked
package dev.diptych.clip.embed;

import org.jspecify.annotations.NullMarked;
