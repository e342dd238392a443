/**
 * The command line: one class per command, each of which only reads options and calls the library.
 */
@NullMarked
package dev.diptych.clip.cli;

import org.jspecify.annotations.NullMarked;
