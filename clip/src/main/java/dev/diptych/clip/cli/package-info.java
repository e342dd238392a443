/** The command line: one class a command, each of which can be called from Java as well. */
@NullMarked
package dev.diptych.clip.cli;

import org.jspecify.annotations.NullMarked;
