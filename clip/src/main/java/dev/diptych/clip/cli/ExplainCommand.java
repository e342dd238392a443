package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.explain.HeatMap;
import dev.diptych.clip.explain.Method;
import dev.diptych.clip.explain.PictureExplainer;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import dev.diptych.clip.image.PngEncoder;
import dev.diptych.tensor.io.AtomicFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code diptych explain}: where in this picture does the model find that text? */
@Command(
    name = "explain",
    description =
        "Shows where in a picture the model finds a text, as a heat map over the picture.",
    mixinStandardHelpOptions = true)
final class ExplainCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ContextLength context = new ContextLength();

  @Mixin private ExplainMethod method = new ExplainMethod();

  @Option(
      names = "--out",
      defaultValue = "heat.png",
      description = "the picture to write, as PNG; default ${DEFAULT-VALUE}")
  private Path out = Path.of("heat.png");

  @Option(names = "--json", description = "print the values of the map as JSON")
  private boolean json;

  @Parameters(index = "0", paramLabel = "PICTURE", description = "a picture file")
  @SuppressWarnings("NullAway.Init")
  private Path file;

  @Parameters(index = "1", paramLabel = "TEXT", description = "what to look for, as \"a dog\"")
  private String text = "";

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    try (Diptych loaded = context.apply(model.load(), err)) {
      Picture picture = read();
      Method used = method.of(loaded.clip().vision());
      float[][] texts = loaded.embedTexts(List.of(text));
      HeatMap map = new PictureExplainer(loaded).explain(picture, texts, used).getFirst();
      float cosine = dot(loaded.embedPictures(List.of(picture))[0], texts[0]);
      write(PngEncoder.encode(map.overlay(picture)));
      print(picture, map, used, cosine);
    }
    return 0;
  }

  private Picture read() {
    try {
      return PictureDecoder.read(file);
    } catch (PictureException e) {
      throw new UserException(String.valueOf(e.getMessage()), e);
    }
  }

  private void write(byte[] png) {
    try {
      AtomicFile.write(out, channel -> AtomicFile.writeFully(channel, ByteBuffer.wrap(png)));
    } catch (IOException e) {
      throw new UserException(out + ": cannot be written: " + UserException.reason(e), e);
    }
  }

  private void print(Picture picture, HeatMap map, Method method, float cosine) {
    PrintWriter printer = spec.commandLine().getOut();
    HeatMap.Point peak = map.peak();
    if (!json) {
      printer.printf(
          Locale.ROOT,
          "%s: cosine %.4f with \"%s\"; most of it at x %.0f, y %.0f of %d × %d pixels; map in"
              + " %s%n",
          file,
          cosine,
          text,
          peak.x(),
          peak.y(),
          picture.width(),
          picture.height(),
          out);
      return;
    }
    float[][] rows = new float[map.rows()][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(map.values(), i * map.columns(), (i + 1) * map.columns());
    }
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("picture", file.toString());
    fields.put("width", picture.width());
    fields.put("height", picture.height());
    fields.put("text", text);
    fields.put("method", method.name().toLowerCase(Locale.ROOT));
    fields.put("cosine", cosine);
    fields.put("area", map.area());
    fields.put("peak", peak);
    fields.put("values", rows);
    printer.println(JsonMapper.shared().writeValueAsString(fields));
  }

  private static float dot(float[] a, float[] b) {
    float sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
