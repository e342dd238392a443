package dev.diptych.clip.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.PriorityQueue;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Encodes one word: its bytes are the first symbols, and the pair of neighbours that comes first in
 * the list of merges is merged wherever it stands, until no pair is in the list (Sennrich, Haddow
 * and Birch 2016, Neural Machine Translation of Rare Words with Subword Units, algorithm 1).
 *
 * <p>Pairs wait in a heap and symbols hang in a linked list, so that a word of n bytes costs O(n
 * log n). Results of short words are kept in a bounded cache. Safe for use by many threads.
 */
final class WordEncoder {
  private static final int CACHED_WORDS = 1 << 16;
  private static final int CACHED_LENGTH = 64;

  private final int[] firstSymbol = new int[256];
  private final int[] lastSymbol = new int[256];
  private final PairTable ranks;
  private final int[] made;
  private final ConcurrentHashMap<String, int[]> cache = new ConcurrentHashMap<>();

  WordEncoder(Vocabulary vocabulary) {
    for (int b = 0; b < 256; b++) {
      firstSymbol[b] = vocabulary.id(ByteAlphabet.symbol(b));
      lastSymbol[b] = vocabulary.id(ByteAlphabet.symbol(b) + ByteAlphabet.WORD_END);
    }
    int merges = vocabulary.merges();
    ranks = new PairTable(merges);
    made = new int[merges];
    for (int rank = 0; rank < merges; rank++) {
      ranks.put(vocabulary.left(rank), vocabulary.right(rank), rank);
      made[rank] = vocabulary.made(rank);
    }
  }

  /** The ids of a word's tokens; the caller must not change them. */
  int[] encode(String word) {
    if (word.length() > CACHED_LENGTH) {
      return merge(symbols(word));
    }
    int[] known = cache.get(word);
    if (known != null) {
      return known;
    }
    int[] ids = merge(symbols(word));
    if (cache.size() >= CACHED_WORDS) {
      cache.clear();
    }
    cache.put(word, ids);
    return ids;
  }

  private int[] symbols(String word) {
    byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
    int[] symbols = new int[bytes.length];
    for (int i = 0; i < symbols.length; i++) {
      symbols[i] = firstSymbol[bytes[i] & 0xff];
    }
    if (symbols.length > 0) {
      symbols[symbols.length - 1] = lastSymbol[bytes[symbols.length - 1] & 0xff];
    }
    return symbols;
  }

  /** A pair whose left symbol is at {@code position}; it is out of date if either has changed. */
  private record Pair(int rank, int position, int left, int right) implements Comparable<Pair> {
    @Override
    public int compareTo(Pair other) {
      int byRank = Integer.compare(rank, other.rank);
      return byRank != 0 ? byRank : Integer.compare(position, other.position);
    }
  }

  private int[] merge(int[] symbols) {
    int n = symbols.length;
    int[] next = new int[n];
    int[] previous = new int[n];
    PriorityQueue<Pair> waiting = new PriorityQueue<>(Math.max(1, n));
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      offer(symbols, i, i + 1, waiting);
    }
    int[] merged = new int[n];
    int left = n;
    while (!waiting.isEmpty()) {
      // One rank at a time: a pair that these merges make waits until all of them are done, even
      // if it stands earlier in the list.
      int rank = waiting.element().rank();
      int count = 0;
      while (!waiting.isEmpty() && waiting.element().rank() == rank) {
        Pair pair = waiting.remove();
        int i = pair.position();
        int j = next[i];
        if (symbols[i] != pair.left() || j >= n || symbols[j] != pair.right()) {
          continue;
        }
        symbols[i] = made[rank];
        symbols[j] = -1;
        next[i] = next[j];
        if (next[i] < n) {
          previous[next[i]] = i;
        }
        merged[count++] = i;
        left--;
      }
      for (int k = 0; k < count; k++) {
        int i = merged[k];
        if (previous[i] >= 0) {
          offer(symbols, previous[i], i, waiting);
        }
        offer(symbols, i, next[i], waiting);
      }
    }
    int[] ids = new int[left];
    for (int i = 0, k = 0; i < n; i = next[i]) {
      ids[k++] = symbols[i];
    }
    return ids;
  }

  private void offer(int[] symbols, int i, int j, PriorityQueue<Pair> waiting) {
    if (j < symbols.length) {
      int rank = ranks.get(symbols[i], symbols[j]);
      if (rank >= 0) {
        waiting.add(new Pair(rank, i, symbols[i], symbols[j]));
      }
    }
  }

  /** Ranks by pair of symbols: open addressing, no boxes. */
  private static final class PairTable {
    private final long[] keys;
    private final int[] ranks;
    private final int mask;

    PairTable(int pairs) {
      int capacity = Integer.highestOneBit(Math.max(4, pairs)) << 2;
      keys = new long[capacity];
      ranks = new int[capacity];
      mask = capacity - 1;
      Arrays.fill(keys, -1);
    }

    void put(int left, int right, int rank) {
      int slot = slot(((long) left << 32) | right);
      keys[slot] = ((long) left << 32) | right;
      ranks[slot] = rank;
    }

    int get(int left, int right) {
      long key = ((long) left << 32) | right;
      int slot = slot(key);
      return keys[slot] == key ? ranks[slot] : -1;
    }

    private int slot(long key) {
      long hash = key * 0x9e3779b97f4a7c15L;
      int slot = (int) (hash >>> 32) & mask;
      while (keys[slot] != key && keys[slot] != -1) {
        slot = (slot + 1) & mask;
      }
      return slot;
    }
  }
}
