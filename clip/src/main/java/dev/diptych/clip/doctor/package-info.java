/**
 * What the kernels' checkups and timings found, made into documents: text, JSON, a picture; and the
 * same timings of PyTorch beside ours.
 */
@NullMarked
package dev.diptych.clip.doctor;

import org.jspecify.annotations.NullMarked;
