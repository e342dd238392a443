/**
 * From files of pictures with captions to the batches that training reads.
 *
 * <pre>
 * spec ──DataSource.open──▶ examples (where each picture lies, its captions)
 *                              │ order of the epoch: a function of (seed, epoch)
 *                              ▼
 *                           Loader: a few threads read, decode, augment and tokenize ahead of the step
 *                              ▼
 *                           Batch: images (B, 3, S, S), tokens (B, T), target ids (B)
 * </pre>
 *
 * <p><b>What can be read.</b> WebDataset tar shards, CSV/TSV tables, Flickr's {@code captions.txt}
 * and {@code .token} files, COCO's and Karpathy's JSON, folders that hold one of these, several of
 * them joined by {@code ::}.
 *
 * <p><b>Index first.</b> Opening a source reads names, captions and the places of the pictures, but
 * no picture: a shard is walked member by member and a picture is remembered as (file, offset,
 * length). So shuffles are over the whole data set, and any batch can be produced without the ones
 * before it. Sets of shards too large to index are streamed instead ({@link
 * dev.diptych.clip.data.DataOptions#streaming()}): shards in shuffled order, examples through a
 * shuffle buffer.
 *
 * <p><b>Same seed, same batches.</b> A batch is a function of (seed, epoch, step) and of the files:
 * not of the number of threads, of the cache, or of what was loaded before. Every random choice
 * takes its own {@link dev.diptych.tensor.random.Philox} stream: the order of an epoch from
 * (epoch), the crop of a picture from (epoch, picture), the choice among its captions likewise. A
 * run that continues at a step therefore sees the very bits it would have seen.
 *
 * <p><b>Bad records</b> (a truncated picture, a missing caption, a damaged shard) are counted by
 * reason, named in the log and skipped, up to the limit that {@link dev.diptych.clip.data.BadLimit}
 * sets; past it the reader stops and names the first few. A picture that turns out to be unreadable
 * while training runs is replaced by the next examples in the order of the epoch, see {@link
 * dev.diptych.clip.data.Loader}.
 */
@NullMarked
package dev.diptych.clip.data;

import org.jspecify.annotations.NullMarked;
