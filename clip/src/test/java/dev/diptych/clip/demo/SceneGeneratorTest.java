package dev.diptych.clip.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.tensor.random.Philox;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SceneGeneratorTest {
  private static final Pattern OPENING =
      Pattern.compile("(?:an? (?:photo|picture|drawing|image) of )?(.*)");
  private static final Pattern ONE = Pattern.compile("a (small |large |)(\\w+) (\\w+)");
  private static final Pattern GROUP = Pattern.compile("(two|three) (\\w+) (\\w+)");
  private static final Pattern RELATED =
      Pattern.compile(
          "a (\\w+ \\w+) (to the left of|left of|to the right of|right of|above|below) a (\\w+"
              + " \\w+)");

  private final HeldOut heldOut = HeldOut.choose(new Philox(11, 0));
  private final SceneGenerator generator = new SceneGenerator(5, heldOut, SceneMix.standard());

  @Test
  void trainingNeverShowsOrNamesAHeldOutPairAndNamesEverythingElse() {
    Map<Thing, Integer> counts = new HashMap<>();
    Map<Scene.Layout, Integer> layouts = new EnumMap<>(Scene.Layout.class);
    Set<String> words = new HashSet<>();
    for (long number = 0; number < 20_000; number++) {
      RandomGenerator random = generator.trainingRandom(number);
      Scene scene = generator.generate(random);
      String caption = generator.caption(scene, random);
      for (SceneObject object : scene.objects()) {
        assertThat(heldOut.holds(object.thing())).as(object.toString()).isFalse();
        counts.merge(object.thing(), 1, Integer::sum);
      }
      layouts.merge(scene.layout(), 1, Integer::sum);
      words.addAll(List.of(caption.split(" ")));
      for (Thing thing : heldOut.things()) {
        if (caption.contains(thing.words())) {
          throw new AssertionError(caption + " names the held-out " + thing);
        }
      }
    }
    assertThat(counts.keySet()).containsExactlyInAnyOrderElementsOf(heldOut.seen());
    assertThat(counts.values()).allSatisfy(count -> assertThat(count).isGreaterThan(300));
    assertThat(layouts).hasSize(Scene.Layout.values().length);
    for (Colour colour : Colour.values()) {
      assertThat(words).contains(colour.word());
    }
    for (Shape shape : Shape.values()) {
      assertThat(words).contains(shape.word(), shape.plural());
    }
  }

  @Test
  void everyCaptionIsTrueOfItsScene() {
    for (long number = 0; number < 2_000; number++) {
      Scene scene = generator.training(number);
      List<String> all = SceneCaptions.all(scene);
      assertThat(all).doesNotHaveDuplicates().contains(SceneCaptions.full(scene));
      for (String caption : all) {
        assertTrue(caption, scene);
      }
      RandomGenerator random = new Philox(1, number);
      for (int i = 0; i < 4; i++) {
        assertThat(all).contains(generator.caption(scene, random));
      }
    }
  }

  /** Reads the caption back and holds what it claims against the geometry of the scene. */
  private static void assertTrue(String caption, Scene scene) {
    Matcher opening = OPENING.matcher(caption);
    assertThat(opening.matches()).isTrue();
    String claim = opening.group(1);
    Matcher one = ONE.matcher(claim);
    Matcher group = GROUP.matcher(claim);
    Matcher related = RELATED.matcher(claim);
    if (one.matches()) {
      assertThat(scene.objects()).hasSize(1);
      assertThat(scene.first().words()).isEqualTo(one.group(2) + " " + one.group(3));
      double radius = scene.objects().getFirst().radius();
      if (one.group(1).equals("small ")) {
        assertThat(radius).isLessThan(0.25);
      } else if (one.group(1).equals("large ")) {
        assertThat(radius).isGreaterThan(0.25);
      }
    } else if (group.matches()) {
      assertThat(scene.objects()).hasSize(group.group(1).equals("two") ? 2 : 3);
      assertThat(scene.things()).hasSize(1);
      assertThat(scene.first().plural()).isEqualTo(group.group(2) + " " + group.group(3));
    } else {
      assertThat(related.matches()).as(caption).isTrue();
      assertThat(scene.objects()).hasSize(2);
      SceneObject subject = find(related.group(1), scene);
      SceneObject object = find(related.group(3), scene);
      assertThat(subject).isNotSameAs(object);
      String relation = related.group(2);
      boolean holds =
          switch (relation.replace("to the ", "")) {
            case "left of" -> subject.x() + subject.radius() <= object.x() - object.radius();
            case "right of" -> subject.x() - subject.radius() >= object.x() + object.radius();
            case "above" -> subject.y() + subject.radius() <= object.y() - object.radius();
            case "below" -> subject.y() - subject.radius() >= object.y() + object.radius();
            default -> false;
          };
      assertThat(holds).as(caption + ": " + scene).isTrue();
    }
  }

  private static SceneObject find(String words, Scene scene) {
    return scene.objects().stream()
        .filter(object -> object.thing().words().equals(words))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no " + words + " in " + scene));
  }

  @Test
  void objectsLieInsideThePictureAndApart() {
    for (long number = 0; number < 3_000; number++) {
      List<SceneObject> objects = generator.training(number).objects();
      for (int i = 0; i < objects.size(); i++) {
        SceneObject a = objects.get(i);
        assertThat(a.x()).isBetween(a.radius() - 1e-9, 1 - a.radius() + 1e-9);
        assertThat(a.y()).isBetween(a.radius() - 1e-9, 1 - a.radius() + 1e-9);
        for (int j = 0; j < i; j++) {
          SceneObject b = objects.get(j);
          double distance = Math.hypot(a.x() - b.x(), a.y() - b.y());
          assertThat(distance).isGreaterThan(a.radius() + b.radius());
        }
      }
    }
  }

  @Test
  void aSceneIsAFunctionOfSeedAndNumber() {
    SceneGenerator again = new SceneGenerator(5, heldOut, SceneMix.standard());
    SceneGenerator other = new SceneGenerator(6, heldOut, SceneMix.standard());
    for (long number = 99; number >= 0; number--) {
      assertThat(again.training(number)).isEqualTo(generator.training(number));
      assertThat(other.training(number)).isNotEqualTo(generator.training(number));
    }
    assertThat(again.retrieval(50, true)).isEqualTo(generator.retrieval(50, true));
    assertThat(again.classification(heldOut.things(), 3))
        .isEqualTo(generator.classification(heldOut.things(), 3));
  }

  @Test
  void classificationShowsEachThingAloneInBothSizes() {
    List<Scene> scenes = generator.classification(heldOut.things(), 6);
    assertThat(scenes).hasSize(48).doesNotHaveDuplicates();
    for (int i = 0; i < scenes.size(); i++) {
      assertThat(scenes.get(i).objects()).hasSize(1);
      assertThat(scenes.get(i).first()).isEqualTo(heldOut.things().get(i / 6));
      assertThat(scenes.get(i).layout())
          .isEqualTo(i % 2 == 0 ? Scene.Layout.SMALL : Scene.Layout.LARGE);
    }
  }

  @Test
  void retrievalScenesAllDifferInWords() {
    List<Scene> scenes = generator.retrieval(256, false);
    assertThat(scenes).hasSize(256);
    assertThat(scenes.stream().map(SceneCaptions::full)).doesNotHaveDuplicates();
    assertThat(scenes.stream().flatMap(s -> s.things().stream()))
        .doesNotContainAnyElementsOf(heldOut.things());
    assertThat(generator.retrieval(256, true).stream().flatMap(s -> s.things().stream()))
        .containsAnyElementsOf(heldOut.things());
  }

  @Test
  void scenesShareAMeaningExactlyWhenTheyShareTheFullDescription() {
    Map<Integer, String> descriptions = new HashMap<>();
    Map<String, Integer> meanings = new HashMap<>();
    for (long number = 0; number < 5_000; number++) {
      Scene scene = generator.training(number);
      String full = SceneCaptions.full(scene);
      assertThat(descriptions.merge(scene.meaning(), full, (a, b) -> a)).isEqualTo(full);
      assertThat(meanings.merge(full, scene.meaning(), (a, b) -> a)).isEqualTo(scene.meaning());
    }
  }

  @Test
  void theMixIsKeptAndNonsenseRefused() {
    SceneGenerator singles = new SceneGenerator(1, heldOut, new SceneMix(1, 0, 0, 1, 1));
    for (long number = 0; number < 200; number++) {
      RandomGenerator random = singles.trainingRandom(number);
      Scene scene = singles.generate(random);
      assertThat(scene.objects()).hasSize(1);
      assertThat(singles.caption(scene, random)).isEqualTo(SceneCaptions.full(scene));
    }
    assertThatThrownBy(() -> singles.retrieval(81, false)).hasMessageContaining("found only 80");
    assertThatThrownBy(() -> new SceneMix(0, 0, 0, 0, 0)).hasMessageContaining("weights");
    assertThatThrownBy(() -> new SceneMix(1, 0, Double.NaN, 0, 0)).hasMessageContaining("weights");
    assertThatThrownBy(() -> new SceneMix(1, 0, 0, 1.5, 0)).hasMessageContaining("sizeNamed 1.5");
  }
}
