package dev.diptych.clip.data;

import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which pairs of a batch belong together. */
final class BatchIds {
  private BatchIds() {}

  /** A 64-bit hash (FNV-1a over UTF-16 units) of a caption. */
  static long captionId(String caption) {
    long hash = 0xCBF29CE484222325L;
    for (int i = 0; i < caption.length(); i++) {
      hash = (hash ^ caption.charAt(i)) * 0x100000001B3L;
    }
    return hash;
  }

  /**
   * For each pair the place of the first pair that it is joined to by a chain of equal pictures and
   * equal captions. Captions are compared as the model sees them, that is by their {@code
   * contextLength} tokens: what differs in case only, or behind the last token, is equal. Missing
   * captions are equal to nothing.
   */
  static long[] targetIds(
      long[] pictureIds, int[] tokens, int contextLength, List<String> captions) {
    int size = pictureIds.length;
    int[] parent = new int[size];
    Map<Long, Integer> byPicture = HashMap.newHashMap(size);
    Map<IntBuffer, Integer> byTokens = HashMap.newHashMap(size);
    for (int i = 0; i < size; i++) {
      parent[i] = i;
      Integer samePicture = byPicture.putIfAbsent(pictureIds[i], i);
      if (samePicture != null) {
        join(parent, samePicture, i);
      }
      if (!captions.get(i).isEmpty()) {
        IntBuffer row = IntBuffer.wrap(tokens, i * contextLength, contextLength);
        Integer sameTokens = byTokens.putIfAbsent(row, i);
        if (sameTokens != null) {
          join(parent, sameTokens, i);
        }
      }
    }
    long[] ids = new long[size];
    for (int i = 0; i < size; i++) {
      ids[i] = root(parent, i);
    }
    return ids;
  }

  private static void join(int[] parent, int a, int b) {
    int rootA = root(parent, a);
    int rootB = root(parent, b);
    parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
  }

  private static int root(int[] parent, int i) {
    int at = i;
    while (parent[at] != at) {
      parent[at] = parent[parent[at]];
      at = parent[at];
    }
    return at;
  }
}
