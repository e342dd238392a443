package dev.diptych.clip.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.random.Philox;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class HeldOutTest {
  @Test
  void thingsAreNumberedInOrder() {
    assertThat(Thing.all()).hasSize(48);
    for (int i = 0; i < 48; i++) {
      assertThat(Thing.all().get(i).index()).isEqualTo(i);
    }
    assertThat(Thing.all().stream().map(Thing::words)).doesNotHaveDuplicates();
  }

  @Test
  void oneOfEachShapeAndAtMostTwoOfAColourAreHeld() {
    for (long seed = 0; seed < 200; seed++) {
      HeldOut heldOut = HeldOut.choose(new Philox(seed, 0));
      assertThat(heldOut.things()).hasSize(8);
      assertThat(heldOut.seen()).hasSize(40).doesNotContainAnyElementsOf(heldOut.things());
      assertThat(heldOut.things().stream().map(Thing::shape)).doesNotHaveDuplicates();
      assertThat(heldOut.things().stream().collect(Collectors.groupingBy(Thing::colour)))
          .hasSize(6)
          .allSatisfy((colour, things) -> assertThat(things).hasSizeBetween(1, 2));
    }
  }

  @Test
  void theSeedDecides() {
    assertThat(HeldOut.choose(new Philox(3, 0)).things())
        .isEqualTo(HeldOut.choose(new Philox(3, 0)).things());
    assertThat(HeldOut.choose(new Philox(3, 0)).things())
        .isNotEqualTo(HeldOut.choose(new Philox(4, 0)).things());
  }

  @Test
  void aWordThatWouldBeMissingFromTrainingIsRefused() {
    Set<Thing> everyStar = new LinkedHashSet<>();
    for (Colour colour : Colour.values()) {
      everyStar.add(new Thing(colour, Shape.STAR));
    }
    assertThatThrownBy(() -> new HeldOut(everyStar)).hasMessageContaining("'star'");
    Set<Thing> everythingRed = new LinkedHashSet<>();
    Arrays.stream(Shape.values()).forEach(s -> everythingRed.add(new Thing(Colour.RED, s)));
    assertThatThrownBy(() -> new HeldOut(everythingRed)).hasMessageContaining("'red'");
    assertThat(new HeldOut(Set.of()).seen()).hasSize(48);
  }
}
