package dev.diptych.clip.data;

import org.jspecify.annotations.Nullable;

/**
 * A text of a data set.
 *
 * @param key where it stands: {@code file:line}, or what the data set calls its picture
 * @param text the text, stripped and not empty
 * @param picture the picture that it belongs to, as the data set names it; null if none is known
 */
public record Text(String key, String text, @Nullable String picture) {}
