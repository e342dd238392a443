/** The command line: one class per command of {@code ./diptych}. */
@NullMarked
package dev.diptych.clip.cli;

import org.jspecify.annotations.NullMarked;
