/**
 * Finding pictures by texts and pictures: {@link dev.diptych.clip.retrieval.PictureIndexer} embeds
 * pictures into an index on disk and keeps it up to date, {@link
 * dev.diptych.clip.retrieval.PictureIndex} searches it for a {@link
 * dev.diptych.clip.retrieval.Query}.
 */
@NullMarked
package dev.diptych.clip.retrieval;

import org.jspecify.annotations.NullMarked;
