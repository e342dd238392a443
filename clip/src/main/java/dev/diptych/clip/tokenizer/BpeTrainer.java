package dev.diptych.clip.tokenizer;

import dev.diptych.clip.UserException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;

/**
 * Learns a vocabulary from captions: again and again, the pair of neighbouring symbols that occurs
 * most often becomes a token (Sennrich, Haddow and Birch 2016, Neural Machine Translation of Rare
 * Words with Subword Units, section 3.2). Ids are in CLIP's order, so that a saved vocabulary loads
 * like any other.
 *
 * <p>The result depends on the captions but not on their order: words are counted first, and of
 * pairs that occur equally often the one with the lower ids comes first. Counts are kept up to date
 * in the words that a merge changes, not counted anew.
 */
public final class BpeTrainer {
  /** The smallest vocabulary: all bytes, alone and at a word's end, and the special tokens. */
  public static final int SMALLEST = Vocabulary.BYTE_TOKENS + 2;

  /** The largest vocabulary that CLIP's form holds. */
  public static final int LARGEST = Vocabulary.BYTE_TOKENS + VocabularyFiles.MOST_MERGES + 2;

  /** Longer ones are no words of a language; to learn from them would take very long. */
  private static final int LONGEST_WORD = 256;

  private static final System.Logger LOG = System.getLogger(BpeTrainer.class.getName());

  private final List<String> tokens = new ArrayList<>();
  private final Set<String> known = new HashSet<>();
  private final List<Word> words = new ArrayList<>();
  private final Map<Long, Pair> pairs = new HashMap<>();
  private final PriorityQueue<Candidate> candidates = new PriorityQueue<>();

  private BpeTrainer() {}

  /**
   * Learns a vocabulary.
   *
   * @param captions texts as they are; they are cleaned as they are before encoding
   * @param vocabularySize number of tokens, from {@link #SMALLEST} to {@link #LARGEST}; fewer if
   *     the captions hold too few pairs, which is logged
   * @param minimumCount how often a pair must occur to become a token; at least 1
   * @throws UserException if the size or the count is out of range or the captions hold no words
   */
  public static Tokenizer train(Iterable<String> captions, int vocabularySize, int minimumCount) {
    if (vocabularySize < SMALLEST || vocabularySize > LARGEST) {
      throw new UserException(
          "The size of a vocabulary must be from %d (bytes alone) to %d, found %d."
              .formatted(SMALLEST, LARGEST, vocabularySize));
    }
    if (minimumCount < 1) {
      throw new UserException(
          "A pair must occur at least once to become a token, found a minimum of " + minimumCount);
    }
    BpeTrainer trainer = new BpeTrainer();
    trainer.count(captions);
    List<Vocabulary.Merge> merges = trainer.learn(vocabularySize - SMALLEST, minimumCount);
    if (merges.size() < vocabularySize - SMALLEST) {
      LOG.log(
          System.Logger.Level.INFO,
          "The vocabulary has {0} tokens instead of {1}: no further pair occurs {2} times.",
          SMALLEST + merges.size(),
          vocabularySize,
          minimumCount);
    }
    return new Tokenizer(Vocabulary.inOrder(merges, "the vocabulary learnt from captions"));
  }

  /** A word as symbols, and how often it occurs. */
  private static final class Word {
    private int[] symbols;
    private final long count;

    Word(int[] symbols, long count) {
      this.symbols = symbols;
      this.count = count;
    }
  }

  /** How often a pair occurs, and words that hold it or once did. */
  private static final class Pair {
    private long count;

    /** The highest count with which the pair waits in the heap. */
    private long offered;

    private int[] words = new int[4];
    private int size;

    /** Words are added in rising order within one change, so that repeats are neighbours. */
    void addWord(int word) {
      if (size > 0 && words[size - 1] == word) {
        return;
      }
      if (size == words.length) {
        words = Arrays.copyOf(words, 2 * size);
      }
      words[size++] = word;
    }
  }

  /** A pair with the count that it had when it was put into the heap. */
  private record Candidate(long count, int left, int right) implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      int byCount = Long.compare(other.count, count);
      if (byCount != 0) {
        return byCount;
      }
      int byLeft = Integer.compare(left, other.left);
      return byLeft != 0 ? byLeft : Integer.compare(right, other.right);
    }

    long key() {
      return BpeTrainer.key(left, right);
    }
  }

  private static long key(int left, int right) {
    return ((long) left << 32) | right;
  }

  private void count(Iterable<String> captions) {
    Map<String, Long> counts = new TreeMap<>();
    for (String caption : captions) {
      WordSplitter.split(
          TextCleaner.clean(caption), word -> counts.merge(word, 1L, (a, b) -> a + b));
    }
    counts.remove(WordSplitter.START);
    counts.remove(WordSplitter.END);
    if (counts.isEmpty()) {
      throw new UserException(
          "The captions hold no words to learn a vocabulary from. Check the caption column or"
              + " files.");
    }
    int[] idOfByte = new int[256];
    for (int i = 0; i < 256; i++) {
      idOfByte[ByteAlphabet.byteAt(i)] = i;
      tokens.add(ByteAlphabet.symbol(ByteAlphabet.byteAt(i)));
    }
    for (int i = 0; i < 256; i++) {
      tokens.add(tokens.get(i) + ByteAlphabet.WORD_END);
    }
    known.addAll(tokens);
    int[] tooLong = new int[1];
    counts.forEach((word, count) -> {
      byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
      if (bytes.length > LONGEST_WORD) {
        tooLong[0]++;
        return;
      }
      int[] symbols = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        symbols[i] = idOfByte[bytes[i] & 0xff] + (i == bytes.length - 1 ? 256 : 0);
      }
      words.add(new Word(symbols, count));
    });
    if (tooLong[0] > 0) {
      LOG.log(
          System.Logger.Level.INFO,
          "{0} words of more than {1} bytes were left out of learning the vocabulary.",
          tooLong[0],
          LONGEST_WORD);
    }
  }

  private List<Vocabulary.Merge> learn(int most, int minimumCount) {
    Set<Long> changed = new HashSet<>();
    for (int i = 0; i < words.size(); i++) {
      add(i, words.get(i).symbols, changed);
    }
    offer(changed);
    List<Vocabulary.Merge> merges = new ArrayList<>();
    while (merges.size() < most && !candidates.isEmpty()) {
      Candidate best = candidates.remove();
      Pair pair = pairs.get(best.key());
      if (pair == null || pair.count < best.count()) {
        if (pair != null && pair.count >= minimumCount) {
          offer(best.key(), pair);
        }
        continue;
      }
      if (best.count() < minimumCount) {
        break;
      }
      String left = tokens.get(best.left());
      String right = tokens.get(best.right());
      // A token may come about in two ways; the first gave it its id, and ids are one per merge.
      if (!known.add(left + right)) {
        continue;
      }
      int made = tokens.size();
      tokens.add(left + right);
      merges.add(new Vocabulary.Merge(left, right, merges.size() + 1));
      apply(best, pair, made);
    }
    return merges;
  }

  /** Merges a pair in all words that hold it and keeps the counts of the pairs around it. */
  private void apply(Candidate best, Pair pair, int made) {
    int[] holders = Arrays.copyOf(pair.words, pair.size);
    Arrays.sort(holders);
    Set<Long> changed = new HashSet<>();
    int last = -1;
    for (int holder : holders) {
      if (holder == last) {
        continue;
      }
      last = holder;
      Word word = words.get(holder);
      int[] merged = merged(word.symbols, best.left(), best.right(), made);
      if (merged.length < word.symbols.length) {
        remove(word);
        word.symbols = merged;
        add(holder, merged, changed);
      }
    }
    pairs.remove(best.key());
    offer(changed);
  }

  private static int[] merged(int[] symbols, int left, int right, int made) {
    int[] out = new int[symbols.length];
    int n = 0;
    for (int i = 0; i < symbols.length; i++) {
      if (symbols[i] == left && i + 1 < symbols.length && symbols[i + 1] == right) {
        out[n++] = made;
        i++;
      } else {
        out[n++] = symbols[i];
      }
    }
    return Arrays.copyOf(out, n);
  }

  private void remove(Word word) {
    for (int i = 0; i + 1 < word.symbols.length; i++) {
      Pair pair = pairs.get(key(word.symbols[i], word.symbols[i + 1]));
      if (pair != null) {
        pair.count -= word.count;
      }
    }
  }

  private void add(int index, int[] symbols, Set<Long> changed) {
    long count = words.get(index).count;
    for (int i = 0; i + 1 < symbols.length; i++) {
      long key = key(symbols[i], symbols[i + 1]);
      Pair pair = pairs.computeIfAbsent(key, k -> new Pair());
      pair.count += count;
      pair.addWord(index);
      changed.add(key);
    }
  }

  /** The order in which pairs enter the heap does not matter: it has a total order. */
  private void offer(Set<Long> changed) {
    for (long key : changed) {
      Pair pair = pairs.get(key);
      if (pair != null && pair.count > pair.offered) {
        offer(key, pair);
      }
    }
  }

  private void offer(long key, Pair pair) {
    pair.offered = pair.count;
    candidates.add(new Candidate(pair.count, (int) (key >>> 32), (int) key));
  }
}
