package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BatchIdsTest {
  private static long[] targets(long[] pictures, List<String> captions) {
    int[] tokens = new int[captions.size() * Samples.CONTEXT];
    for (int i = 0; i < captions.size(); i++) {
      int[] row = Samples.TOKENIZER.tokenize(captions.get(i));
      System.arraycopy(row, 0, tokens, i * Samples.CONTEXT, Samples.CONTEXT);
    }
    return BatchIds.targetIds(pictures, tokens, Samples.CONTEXT, captions);
  }

  @Test
  void pairsThatShareAPictureOrACaptionAreNoNegatives() {
    assertThat(targets(new long[] {9, 8, 7}, List.of("a", "b", "c"))).containsExactly(0, 1, 2);
    assertThat(targets(new long[] {9, 8, 9}, List.of("a", "b", "c"))).containsExactly(0, 1, 0);
    assertThat(targets(new long[] {9, 8, 7}, List.of("a", "b", "A"))).containsExactly(0, 1, 0);
    assertThat(targets(new long[] {9, 8, 7}, List.of("a", "same1", "same2")))
        .containsExactly(0, 1, 1);
  }

  @Test
  void chainsAreFollowed() {
    assertThat(targets(new long[] {1, 2, 3, 2, 4}, List.of("a", "b", "c", "a", "c")))
        .containsExactly(0, 0, 2, 0, 2);
  }

  @Test
  void missingCaptionsAreEqualToNothing() {
    assertThat(targets(new long[] {1, 2, 1}, List.of("", "", ""))).containsExactly(0, 1, 0);
  }

  @Property(tries = 200)
  void sameIdMeansConnected(
      @ForAll @Size(min = 1, max = 9) List<@IntRange(max = 24) Integer> codes) {
    int n = codes.size();
    long[] pictures = new long[n];
    List<String> captions = new ArrayList<>();
    boolean[][] linked = new boolean[n][n];
    for (int i = 0; i < n; i++) {
      pictures[i] = codes.get(i) / 5;
      captions.add("c" + codes.get(i) % 5);
      for (int j = 0; j <= i; j++) {
        linked[i][j] = pictures[i] == pictures[j] || captions.get(i).equals(captions.get(j));
        linked[j][i] = linked[i][j];
      }
    }
    for (int k = 0; k < n; k++) { // Warshall's closure
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          linked[i][j] |= linked[i][k] && linked[k][j];
        }
      }
    }
    long[] ids = targets(pictures, captions);
    for (int i = 0; i < n; i++) {
      for (int j = 0; j < n; j++) {
        assertThat(ids[i] == ids[j]).isEqualTo(linked[i][j]);
      }
    }
  }

  @Test
  void captionIdsTellTextsApart() {
    assertThat(BatchIds.captionId("a dog")).isEqualTo(BatchIds.captionId("a " + "dog"));
    assertThat(BatchIds.captionId("a dog")).isNotEqualTo(BatchIds.captionId("a dogs"));
    assertThat(BatchIds.captionId("ab")).isNotEqualTo(BatchIds.captionId("ba"));
  }
}
