/**
 * Classification by describing the classes in words (CLIP paper §3.1): names of classes and
 * templates, the weights that become of them and are kept, and when none of the classes is shown.
 */
@NullMarked
package dev.diptych.clip.zeroshot;

import org.jspecify.annotations.NullMarked;
