/** Classification by describing the classes in words (CLIP paper §3.1). */
@NullMarked
package dev.diptych.clip.zeroshot;

import org.jspecify.annotations.NullMarked;
