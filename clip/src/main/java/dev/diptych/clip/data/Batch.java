package dev.diptych.clip.data;

import java.util.List;

/**
 * What one training step reads.
 *
 * @param epoch the epoch, from 0 on
 * @param step the step within the epoch, from 0 on
 * @param size B, the number of pairs
 * @param images (B, 3, S, S), normalised
 * @param tokens (B, T)
 * @param pictureIds (B), the number of each picture in its source
 * @param captionIds (B), a 64-bit hash of each caption's text: equal texts have equal ids
 * @param targetIds (B), equal for pairs that are no negatives of one another, because they share
 *     the picture or the caption's tokens; the id is the place in the batch of the first such pair
 * @param examples (B), where the pairs came from
 * @param captions (B), the caption chosen for each; empty for a picture without any
 */
public record Batch(
    long epoch,
    long step,
    int size,
    float[] images,
    int[] tokens,
    long[] pictureIds,
    long[] captionIds,
    long[] targetIds,
    List<Example> examples,
    List<String> captions) {}
