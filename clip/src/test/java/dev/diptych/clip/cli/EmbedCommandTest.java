package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.clip.Tiny;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.io.Npy;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbedCommandTest {
  @TempDir private Path folder;
  private Path model;
  private Path out;

  @BeforeEach
  void make() {
    model = Tiny.save(folder.resolve("model"), 1);
    out = folder.resolve("out");
    for (int i = 0; i < 5; i++) {
      Tiny.png(folder.resolve("pictures/" + i + ".png"), i);
    }
  }

  private Cli.Outcome embed(Object... more) {
    Object[] arguments = new Object[more.length + 5];
    arguments[0] = "embed";
    System.arraycopy(more, 0, arguments, 1, more.length);
    System.arraycopy(
        new Object[] {"--model", model, "--out", out}, 0, arguments, more.length + 1, 4);
    return Cli.run(arguments);
  }

  @Test
  void picturesAreEmbeddedAndTheSecondTimeTheyAreThere() throws IOException {
    Files.writeString(folder.resolve("pictures/3.png"), "no picture");
    Path pictures = folder.resolve("pictures");
    Cli.Outcome first = embed(pictures, "--rows-per-file", 2, "--dtype", "f16").succeeded();
    assertThat(first.out())
        .contains("4 pictures embedded, 0 were there already, 1 could not be read")
        .contains("all 3 parts are done");
    assertThat(first.err()).contains("embedding  100 %");
    assertThat(Npy.read(out.resolve("img_emb/img_emb_1.npy")).shape()).isEqualTo(Shape.of(1, 12));
    assertThat(embed(pictures, "--rows-per-file", 2, "--dtype", "f16").succeeded().out())
        .contains("0 pictures embedded, 4 were there already, 1 could not be read");
    embed(pictures, "--rows-per-file", 2).refused("begun with --dtype f16, now it is f32");
  }

  @Test
  void filesOfTextsAreTakenForTexts() throws IOException {
    Path texts = Files.writeString(folder.resolve("a.txt"), "a lamp\ntwo red dogs\n");
    Path json = Files.writeString(folder.resolve("a.jsonl"), "{\"caption\":\"a cat\"}\n");
    Cli.Outcome outcome =
        embed(texts, json, "--text-field", "caption", "--format", "safetensors").succeeded();
    assertThat(outcome.out()).contains("3 texts embedded");
    assertThat(out.resolve("text_emb/text_emb_1.safetensors")).exists();
  }

  @Test
  void processesShareTheWork() {
    Path pictures = folder.resolve("pictures");
    assertThat(
            embed(pictures, "--rows-per-file", 2, "--rank", 0, "--world-size", 2).succeeded().out())
        .contains("3 pictures embedded", "2 parts are done, 1 are left to other processes");
    assertThat(
            embed(pictures, "--rows-per-file", 2, "--rank", 1, "--world-size", 2).succeeded().out())
        .contains("2 pictures embedded", "all 3 parts are done");
  }

  @Test
  void mistakesAreSaidInWords() throws IOException {
    Path pictures = folder.resolve("pictures");
    embed(folder.resolve("gone.tar")).refused("gone.tar", "there is no such file");
    embed(pictures, "--dtype", "i64").refused("--dtype is f32 or f16, got i64");
    embed(pictures, "--rank", 3).refused("--rank");
    embed(pictures, "--rows-per-file", 0).refused("--rows-per-file");
    embed(pictures, "--batch-size", 0).refused("--batch-size");
    embed(pictures, "--max-bad", -1).refused("bad records to put up with");
    embed(pictures, "--content", "texts").refused("pictures");
    embed(pictures, "--content", "texts", "--features").refused("--features");
    assertThat(out).doesNotExist();
    Files.writeString(folder.resolve("pictures/3.png"), "no picture");
    embed(pictures, "--max-bad", 0, "--max-bad-fraction", 0).refused("1 of 5 records are bad");
  }
}
