package dev.diptych.clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.io.Safetensors;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PreprocessCommandTest {
  @TempDir Path folder = Path.of(".");

  private Path picture = Path.of(".");
  private Path out = Path.of(".");

  @BeforeEach
  void drawPicture() throws IOException {
    var image = new BufferedImage(30, 20, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 600; i++) {
      image.setRGB(i % 30, i / 30, i * 9973);
    }
    picture = folder.resolve("drawn.png");
    out = folder.resolve("out.safetensors");
    ImageIO.write(image, "png", picture.toFile());
  }

  private static int run(Path out, Path... pictures) {
    var command = new PreprocessCommand();
    new CommandLine(command).parseArgs(arguments(out, pictures));
    return command.call();
  }

  private static String[] arguments(Path out, Path... pictures) {
    String[] arguments = new String[4 + pictures.length];
    arguments[0] = "--size";
    arguments[1] = "16";
    arguments[2] = "--out";
    arguments[3] = out.toString();
    for (int i = 0; i < pictures.length; i++) {
      arguments[4 + i] = pictures[i].toString();
    }
    return arguments;
  }

  @Test
  void writesPixelsAndPlanes() throws IOException {
    assertThat(run(out, picture)).isZero();
    Picture square = new Preprocess(16).toSquare(PictureDecoder.read(picture));
    float[] planes = new float[3 * 256];
    new Preprocess(16).normalise(square, planes, 0);
    try (Safetensors file = Safetensors.open(out)) {
      assertThat(file.names()).containsExactlyInAnyOrder("drawn.png.u8", "drawn.png.f32");
      assertThat(file.entry("drawn.png.u8").shape()).isEqualTo(Shape.of(16, 16, 3));
      assertThat(file.entry("drawn.png.f32").shape()).isEqualTo(Shape.of(3, 16, 16));
      assertThat(file.floats("drawn.png.f32").toArray()).isEqualTo(planes);
      assertThat((byte) file.ints("drawn.png.u8").data()[5]).isEqualTo(square.rgb()[5]);
    }
  }

  @Test
  void saysWhatIsWrong() throws IOException {
    Path text = Files.writeString(folder.resolve("text.png"), "no picture");
    assertThatThrownBy(() -> run(out, picture, text))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("text.png: no picture that can be read");
    assertThat(out).doesNotExist();
    assertThatThrownBy(() -> run(out, picture, picture))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("Two pictures would be called drawn.png");
    assertThatThrownBy(() -> run(text.resolve("out.safetensors"), picture))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("cannot be written");
  }
}
