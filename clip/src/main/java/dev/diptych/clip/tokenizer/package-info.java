/**
 * Text to token ids and back, exactly as CLIP does it.
 *
 * <p>Reading path: {@link dev.diptych.clip.tokenizer.Tokenizer} is the front; a text goes through
 * {@code TextCleaner} (mojibake, HTML entities, white space, lower case), {@code WordSplitter}
 * (words, digits, punctuation), {@code WordEncoder} (byte-level byte-pair merges, Sennrich et al.
 * 2016), with the tokens and merges of a {@code Vocabulary}. {@link
 * dev.diptych.clip.tokenizer.BpeTrainer} learns the merges of a vocabulary from captions.
 */
@NullMarked
package dev.diptych.clip.tokenizer;

import org.jspecify.annotations.NullMarked;
