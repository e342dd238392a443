/** An index of pictures in the browser: one page, and the questions it asks. */
@NullMarked
package dev.diptych.clip.serve;

import org.jspecify.annotations.NullMarked;
