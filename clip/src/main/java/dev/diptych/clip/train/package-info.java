/**
 * Training: {@code Trainer} is one step of the paper's recipe, {@code TrainingRun} is a whole run
 * with its folder, log, checkpoints and validation.
 */
@NullMarked
package dev.diptych.clip.train;

import org.jspecify.annotations.NullMarked;
