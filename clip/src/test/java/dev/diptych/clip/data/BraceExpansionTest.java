package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BraceExpansionTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a.tar|a.tar",
        "a-{000..003}.tar|a-000.tar a-001.tar a-002.tar a-003.tar",
        "a-{8..11}.tar|a-8.tar a-9.tar a-10.tar a-11.tar",
        "a-{08..11}.tar|a-08.tar a-09.tar a-10.tar a-11.tar",
        "a-{3..1}|a-3 a-2 a-1",
        "{5..5}|5",
        "{train,val}.tar|train.tar val.tar",
        "{a,b}-{0..1}|a-0 a-1 b-0 b-1",
        "{a-{0..1},b}.tar|a-0.tar a-1.tar b.tar",
        "x{,y}|x xy",
        "{single}.tar|{single}.tar",
        "{a..b}|{a..b}",
        "{}|{}",
        "closed}|closed}"
      })
  void expands(String pattern, String names) {
    assertThat(BraceExpansion.expand(pattern)).containsExactly(names.split(" "));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a-{0..3.tar", "{a,{b}", "{"})
  void refusesWhatIsNotClosed(String pattern) {
    assertThatThrownBy(() -> BraceExpansion.expand(pattern))
        .isInstanceOf(UserException.class)
        .hasMessageContaining(pattern)
        .hasMessageContaining("not closed");
  }

  @Test
  void refusesMoreNamesThanAnyoneMeans() {
    assertThatThrownBy(() -> BraceExpansion.expand("{0..999999999}"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("1000000000 names");
    assertThatThrownBy(() -> BraceExpansion.expand("{0..9999}{0..9999}"))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("more than");
  }

  @Property(tries = 50)
  void countsAndKeepsTheWidth(
      @ForAll @IntRange(min = 0, max = 2000) int from, @ForAll @IntRange(max = 300) int more) {
    String pattern = String.format("s-{%06d..%06d}.tar", from, from + more);
    assertThat(BraceExpansion.expand(pattern))
        .hasSize(more + 1)
        .doesNotHaveDuplicates()
        .isSorted()
        .startsWith(String.format("s-%06d.tar", from))
        .endsWith(String.format("s-%06d.tar", from + more));
  }
}
