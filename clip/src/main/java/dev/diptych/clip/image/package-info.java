/**
 * Pictures: from the bytes of a file to the numbers that the image tower reads.
 *
 * <p>{@link dev.diptych.clip.image.PictureDecoder} turns JPEG, PNG, WebP, GIF and BMP into 8-bit
 * RGB, {@link dev.diptych.clip.image.Preprocess} scales, crops and normalises as the original CLIP
 * does with Pillow (to the last bit where the decoded pixels are equal), and {@link
 * dev.diptych.clip.image.Augment} cuts random rectangles for training.
 */
@NullMarked
package dev.diptych.clip.image;

import org.jspecify.annotations.NullMarked;
