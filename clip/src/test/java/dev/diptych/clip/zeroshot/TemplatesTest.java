package dev.diptych.clip.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lists of OpenAI's repository, as it counts and orders them, and lists in files. */
class TemplatesTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({"simple, 1", "imagenet, 80", "imagenet-7, 7", "cifar, 18"})
  void templatesHaveOnePlaceEach(String name, int count) {
    List<String> templates = Templates.named(name);
    assertThat(templates).hasSize(count).doesNotHaveDuplicates().isEqualTo(Templates.load(name));
    assertThat(templates)
        .allSatisfy(template -> {
          assertThat(template.split("\\{\\}", -1)).hasSize(2);
          assertThat(template).isEqualTo(template.strip()).endsWith(".");
        });
  }

  @Test
  void theSevenAreAmongTheEighty() {
    assertThat(Templates.named("imagenet"))
        .startsWith("a bad photo of a {}.", "a photo of many {}.")
        .endsWith("a tattoo of the {}.")
        .containsAll(Templates.named("imagenet-7"));
    assertThat(Templates.named("imagenet-7"))
        .containsExactly(
            "itap of a {}.",
            "a bad photo of the {}.",
            "a origami {}.",
            "a photo of the large {}.",
            "a {} in a video game.",
            "art of the {}.",
            "a photo of the small {}.");
    assertThat(Templates.named("cifar"))
        .startsWith("a photo of a {}.", "a blurry photo of a {}.")
        .endsWith("a photo of the big {}.");
  }

  @Test
  void classesStandInTheOrderOfTheirNumbers() {
    List<String> imagenet = ClassNames.named("imagenet");
    assertThat(imagenet).hasSize(1000).noneMatch(String::isBlank);
    assertThat(imagenet.getFirst()).isEqualTo("tench");
    assertThat(imagenet.get(134)).isEqualTo("crane bird");
    assertThat(imagenet.get(517)).isEqualTo("construction crane");
    assertThat(imagenet.getLast()).isEqualTo("toilet paper");
    assertThat(new HashSet<>(imagenet)).hasSize(998); // missile and sunglasses stand there twice
    assertThat(ClassNames.named("cifar10")).hasSize(10).startsWith("airplane").endsWith("truck");
    assertThat(ClassNames.named("cifar100"))
        .hasSize(100)
        .doesNotHaveDuplicates()
        .isSorted()
        .startsWith("apple")
        .endsWith("worm");
    assertThat(ClassNames.load("cifar100")).isEqualTo(ClassNames.named("cifar100"));
  }

  @Test
  void filesOfEitherSpelling() throws IOException {
    Path file = folder.resolve("zeroshot_classification_templates.txt");
    Files.writeString(file, "a photo of a {c}.\n\n  {c} and {c} \nthe {}\r\n");
    assertThat(Templates.read(file))
        .isEqualTo(Templates.load(file.toString()))
        .containsExactly("a photo of a {}.", "{} and {}", "the {}");
    Path names = Files.writeString(folder.resolve("classnames.txt"), "old lamp\ncat\n");
    assertThat(ClassNames.load(names.toString())).containsExactly("old lamp", "cat");
  }

  @Test
  void whatIsNeitherANameNorAFile() throws IOException {
    refused(() -> Templates.load("imagnet"), "imagnet: there is no such file", "imagenet-7");
    refused(() -> Templates.named("imagnet"), "no templates called 'imagnet'", "imagenet-7");
    refused(() -> ClassNames.load("cifar"), "cifar: there is no such file", "cifar10");
    refused(() -> ClassNames.named("cifar"), "no class names called 'cifar'", "cifar10");
    Path flat = Files.writeString(folder.resolve("flat.txt"), "a {}\na photo\n");
    refused(() -> Templates.read(flat), "flat.txt: the template 'a photo' has no {}");
    Path empty = Files.writeString(folder.resolve("empty.txt"), "\n");
    refused(() -> Templates.read(empty), "empty.txt: holds no template");
    refused(() -> Templates.load("a\0b"), "is no path");
  }

  private static void refused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String... words) {
    assertThatThrownBy(call).isInstanceOf(UserException.class).message().contains(words);
  }
}
