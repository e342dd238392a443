package dev.diptych.clip.tokenizer;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tokens of a tokenizer by id, and the merges that make the longer ones, first come first
 * merged. A merge is a pair of ids and the id of the token that it makes.
 */
final class Vocabulary {
  /** Tokens that no merge makes in CLIP's own order: 256 bytes, 256 bytes at a word's end. */
  static final int BYTE_TOKENS = 512;

  private final List<String> tokens;
  private final Map<String, Integer> ids;
  private final int[] left;
  private final int[] right;
  private final int[] made;

  /** A pair of tokens to be merged, and the line of the file that says so. */
  record Merge(String left, String right, int line) {}

  private Vocabulary(
      List<String> tokens, Map<String, Integer> ids, String where, List<Merge> merges) {
    this.tokens = tokens;
    this.ids = ids;
    this.left = new int[merges.size()];
    this.right = new int[merges.size()];
    this.made = new int[merges.size()];
    Map<Long, Integer> lines = new HashMap<>();
    BitSet reachable = new BitSet(tokens.size());
    for (int i = 0; i < left.length; i++) {
      Merge merge = merges.get(i);
      left[i] = id(merge.left(), merge, where);
      right[i] = id(merge.right(), merge, where);
      made[i] = id(merge.left() + merge.right(), merge, where);
      reachable.set(made[i]);
      Integer first = lines.putIfAbsent(((long) left[i] << 32) | right[i], merge.line());
      if (first != null) {
        throw new UserException(
            "%s, line %d: the merge '%s %s' is there already, on line %d. The file is damaged: copy it again."
                .formatted(where, merge.line(), merge.left(), merge.right(), first));
      }
    }
    requireAlphabet(where, reachable);
    requireReachable(where, reachable);
  }

  /**
   * CLIP's order of ids: bytes, bytes at a word's end, one token per merge, the two special ones.
   */
  static Vocabulary inOrder(List<Merge> merges, String where) {
    List<String> tokens = new ArrayList<>(BYTE_TOKENS + merges.size() + 2);
    for (int i = 0; i < 256; i++) {
      tokens.add(ByteAlphabet.symbol(ByteAlphabet.byteAt(i)));
    }
    for (int i = 0; i < 256; i++) {
      tokens.add(tokens.get(i) + ByteAlphabet.WORD_END);
    }
    Map<String, Integer> ids = new HashMap<>(4 * tokens.size());
    for (int i = 0; i < BYTE_TOKENS; i++) {
      ids.put(tokens.get(i), i);
    }
    for (Merge merge : merges) {
      String token = merge.left() + merge.right();
      Integer first = ids.putIfAbsent(token, tokens.size());
      if (first != null) {
        throw new UserException(
            "%s, line %d: the merge '%s %s' makes the token '%s', which has the id %d already. Each merge must make a new token; the file is damaged: copy it again."
                .formatted(where, merge.line(), merge.left(), merge.right(), token, first));
      }
      tokens.add(token);
    }
    for (String special : new String[] {WordSplitter.START, WordSplitter.END}) {
      ids.put(special, tokens.size());
      tokens.add(special);
    }
    return new Vocabulary(tokens, ids, where, merges);
  }

  /** Ids as a file gives them. */
  static Vocabulary of(Map<String, Integer> ids, List<Merge> merges, String where) {
    String[] tokens = new String[ids.size()];
    for (Map.Entry<String, Integer> entry : ids.entrySet()) {
      int id = entry.getValue();
      if (id < 0 || id >= tokens.length) {
        throw new UserException(
            "%s: the token '%s' has the id %d; the %d tokens must have the ids 0 to %d. The file is incomplete: copy it again."
                .formatted(where, entry.getKey(), id, tokens.length, tokens.length - 1));
      }
      if (tokens[id] != null) {
        throw new UserException(
            "%s: the tokens '%s' and '%s' both have the id %d. Each token needs an id of its own; copy the file again."
                .formatted(where, tokens[id], entry.getKey(), id));
      }
      tokens[id] = entry.getKey();
    }
    return new Vocabulary(List.of(tokens), ids, where, merges);
  }

  int size() {
    return tokens.size();
  }

  String token(int id) {
    return tokens.get(id);
  }

  /** The id of a token that is known to be there. */
  int id(String token) {
    Integer id = ids.get(token);
    if (id == null) {
      throw new IllegalArgumentException("no token '" + token + "'");
    }
    return id;
  }

  int merges() {
    return left.length;
  }

  int left(int merge) {
    return left[merge];
  }

  int right(int merge) {
    return right[merge];
  }

  int made(int merge) {
    return made[merge];
  }

  private int id(String token, Merge merge, String where) {
    Integer id = ids.get(token);
    if (id == null || !ByteAlphabet.isToken(token)) {
      throw new UserException(
          "%s, line %d: the merge '%s %s' needs the token '%s', which the vocabulary lacks. Merges and vocabulary belong to different models, or one is damaged: copy both from the same place."
              .formatted(where, merge.line(), merge.left(), merge.right(), token));
    }
    return id;
  }

  private void requireAlphabet(String where, BitSet reachable) {
    for (int b = 0; b < 256; b++) {
      require(ByteAlphabet.symbol(b), where, reachable);
      require(ByteAlphabet.symbol(b) + ByteAlphabet.WORD_END, where, reachable);
    }
    require(WordSplitter.START, where, reachable);
    require(WordSplitter.END, where, reachable);
  }

  private void require(String token, String where, BitSet reachable) {
    Integer id = ids.get(token);
    if (id == null) {
      throw new UserException(
          "%s: the token '%s' is missing. A vocabulary of CLIP has a token for each of 256 bytes, alone and with </w>, and %s and %s. Use the files of a CLIP model."
              .formatted(where, token, WordSplitter.START, WordSplitter.END));
    }
    reachable.set(id);
  }

  /** A token that no merge makes can be no token of a text, so that merges must be missing. */
  private void requireReachable(String where, BitSet reachable) {
    for (int id = reachable.nextClearBit(0);
        id < tokens.size();
        id = reachable.nextClearBit(id + 1)) {
      String token = tokens.get(id);
      boolean special = token.startsWith("<") && token.endsWith(">");
      if (!special) {
        throw new UserException(
            "%s: no merge makes the token '%s' (id %d); %d merges and %d tokens do not belong together. The list of merges is cut off or of another model: copy both from the same place."
                .formatted(where, token, id, left.length, tokens.size()));
      }
      if (!ByteAlphabet.isToken(token)) {
        throw new UserException(
            "%s: the token '%s' (id %d) holds a character that stands for no byte. Use the files of a CLIP model."
                .formatted(where, token, id));
      }
    }
  }
}
