package dev.diptych.clip;

import dev.diptych.tensor.IntTensor;

/**
 * Texts as the text tower reads them.
 *
 * @param tokens (N, T): of each text the start token, its own tokens, the end token, then zeros
 * @param lost (N) how many tokens at the end of each text did not fit; zero of most
 */
@SuppressWarnings("ArrayRecordComponent") // passed on, compared by nobody
public record TokenizedTexts(IntTensor tokens, int[] lost) {}
