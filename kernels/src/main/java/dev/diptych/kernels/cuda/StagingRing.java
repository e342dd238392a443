package dev.diptych.kernels.cuda;

import dev.diptych.kernels.parallel.Parallel;
import java.lang.foreign.MemorySegment;

/**
 * Pinned memory through which copies from the host pass, used round and round. It has some pages; a
 * page is written again only when the GPU has passed the mark that was set when it was left. So a
 * small copy costs the host one copy of its bytes and waits for nothing, and while one page of a
 * large copy is on its way the next is filled.
 *
 * <p>Memory pinned for callers, to spare them that copy, would gain little: what is spared happens
 * while the page before is transferred, at about the same speed.
 */
final class StagingRing {
  /** Copies begin at multiples of this, for the sake of the transfer's speed. */
  private static final int ALIGNMENT = 256;

  /** A page is left with up to this much unused rather than cut a copy in two. */
  private static final long LEAST_PIECE = 64 << 10;

  private static final long BYTES_PER_TASK = 256 << 10;

  private final MemorySegment memory;
  private final long pageBytes;
  private final int pages;
  private final Transfers transfers;
  private int page;
  private long used;

  /** The stream on which copies are made. */
  interface Transfers {
    /** Begins to copy {@code bytes} bytes of the ring from {@code offset} to a device address. */
    void send(long offset, long bytes, long address);

    /** Marks this place in the order of work, to be waited for before the page is used again. */
    void mark(int page);

    /** Waits until the page's last mark has been passed; returns at once if there is none. */
    void await(int page);
  }

  /**
   * A ring of {@code pages} pages, at least two, that share {@code memory}, which all threads may
   * write.
   */
  StagingRing(MemorySegment memory, int pages, Transfers transfers) {
    this.memory = memory;
    this.pages = pages;
    this.transfers = transfers;
    pageBytes = memory.byteSize() / pages / ALIGNMENT * ALIGNMENT;
  }

  /** Copies {@code from} to a device address. On return {@code from} may be changed. */
  void copyIn(MemorySegment from, long address) {
    long length = from.byteSize();
    for (long at = 0; at < length; ) {
      long piece = reserve(length - at);
      long offset = page * pageBytes + used;
      fill(from, at, offset, piece);
      transfers.send(offset, piece, address + at);
      used = Math.ceilDiv(used + piece, ALIGNMENT) * ALIGNMENT;
      at += piece;
    }
  }

  /** One thread copies more slowly than the bus transfers: large pieces are shared out. */
  private void fill(MemorySegment from, long at, long offset, long piece) {
    int tasks = Math.toIntExact(Math.ceilDiv(piece, BYTES_PER_TASK));
    Parallel.run(
        tasks,
        task -> {
          long begin = task * BYTES_PER_TASK;
          long size = Math.min(BYTES_PER_TASK, piece - begin);
          MemorySegment.copy(from, at + begin, memory, offset + begin, size);
        });
  }

  /** How many of {@code wanted} bytes fit the current page, which is a new one if too few do. */
  private long reserve(long wanted) {
    if (pageBytes - used < Math.min(wanted, Math.min(LEAST_PIECE, pageBytes))) {
      transfers.mark(page);
      page = (page + 1) % pages;
      used = 0;
      transfers.await(page);
    }
    return Math.min(wanted, pageBytes - used);
  }
}
