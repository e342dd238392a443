package dev.diptych.clip.cli;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PictureException;
import dev.diptych.clip.zeroshot.ClassNames;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych classify}: which of these labels does this picture show? */
@Command(
    name = "classify",
    description = "Tells which of some labels a picture shows, without training on them.",
    mixinStandardHelpOptions = true)
final class ClassifyCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private ModelOptions model = new ModelOptions();

  @Mixin private ContextLength context = new ContextLength();

  @Option(
      names = "--labels",
      arity = "1..*",
      description = "the labels, for example --labels \"a red circle\" \"a blue star\"")
  private List<String> labels = new ArrayList<>();

  @Option(names = "--labels-file", description = "a file with one label a line")
  private @Nullable Path labelsFile;

  @Option(
      names = "--template",
      description =
          "what a label is put into, with {} for the label; may be repeated. Default:"
              + " ${DEFAULT-VALUE}",
      defaultValue = "a photo of a {}.")
  private List<String> templates = new ArrayList<>();

  @Option(names = "--top", description = "how many labels to show", defaultValue = "5")
  private int top;

  @Parameters(arity = "1..*", paramLabel = "PICTURE", description = "picture files")
  private List<Path> pictures = new ArrayList<>();

  @Override
  public Integer call() {
    List<String> all = new ArrayList<>(labels);
    if (labelsFile != null) {
      all.addAll(ClassNames.read(labelsFile));
    }
    if (all.isEmpty()) {
      throw new UserException(
          "there are no labels to choose from: give --labels \"a cat\" \"a dog\" or --labels-file"
              + " FILE");
    }
    PrintWriter out = spec.commandLine().getOut();
    int unreadable = 0;
    PrintWriter err = spec.commandLine().getErr();
    try (Diptych loaded = context.apply(model.load(), err)) {
      ZeroShotClassifier classifier = new ZeroShotClassifier(loaded, all, templates);
      for (Path file : pictures) {
        try {
          Picture picture = PictureDecoder.read(file);
          float[] embedding = loaded.embedPictures(List.of(picture))[0];
          print(out, file, classifier.classify(embedding));
        } catch (PictureException e) {
          spec.commandLine().getErr().println(e.getMessage());
          unreadable++;
        }
      }
    }
    if (unreadable > 0) {
      throw new UserException(
          "%d of %d pictures could not be read".formatted(unreadable, pictures.size()));
    }
    return 0;
  }

  private void print(PrintWriter out, Path file, List<ZeroShotClassifier.Prediction> predictions) {
    out.println(file);
    for (ZeroShotClassifier.Prediction prediction :
        predictions.subList(0, Math.min(Math.max(1, top), predictions.size()))) {
      out.printf(
          Locale.ROOT, "  %6.2f %%  %s%n", 100 * prediction.probability(), prediction.label());
    }
  }
}
