package dev.diptych.clip.train;

import dev.diptych.clip.UserException;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.data.CroppedPictures;
import dev.diptych.clip.data.DataOptions;
import dev.diptych.clip.data.DataSource;
import dev.diptych.clip.data.IndexedSource;
import dev.diptych.clip.data.Loader;
import dev.diptych.clip.data.LoaderOptions;
import dev.diptych.clip.data.SquarePictures;
import dev.diptych.clip.image.Augment;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.zeroshot.ClassNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a run reads, made as its settings say: the same for a new run and a resumed one. */
public final class RunInputs {
  private RunInputs() {}

  /**
   * Opens the pairs to learn from.
   *
   * @throws UserException if there are none, or too many are bad
   */
  public static IndexedSource training(RunSettings.Data data) {
    return DataSource.openIndexed(data.training(), options(data, "train"));
  }

  /**
   * Batches of {@code source}, cropped at random.
   *
   * @param workers threads that read and decode, or null for as many as are useful
   */
  public static LoaderPairs pairs(
      RunSettings settings, IndexedSource source, Tokenizer tokenizer, @Nullable Integer workers) {
    RunSettings.Data data = settings.data();
    int size = settings.model().vision().imageSize();
    int context = settings.model().text().contextLength();
    TrainOptions training = settings.train();
    LoaderOptions loading =
        LoaderOptions.of(training.batchSize(), size, context, training.seed(), true);
    Augment augment =
        new Augment(size, data.cropLeast(), data.cropMost(), 3.0 / 4, 4.0 / 3, data.flip());
    return new LoaderPairs(
        new Loader(
            source,
            workers == null ? loading : loading.withThreads(workers),
            new CroppedPictures(augment, new Preprocess(size)),
            caption -> tokenizer.tokenize(caption, context, Truncation.CUT).tokens()),
        size,
        context);
  }

  /**
   * Opens and reads the pictures to measure on; null if there are none.
   *
   * @throws UserException if no picture can be read, or labels and names of classes do not fit
   */
  public static @Nullable RetrievalValidation validation(RunSettings settings, Tokenizer tokenizer)
      throws IOException {
    RunSettings.Data data = settings.data();
    String classes = data.validationClasses();
    if (data.validation() == null) {
      if (classes != null) {
        throw new UserException("--val-classnames needs --val-data: there is nothing to classify");
      }
      return null;
    }
    int size = settings.model().vision().imageSize();
    return new RetrievalValidation(
        DataSource.openIndexed(data.validation(), options(data, "val")),
        new SquarePictures(new Preprocess(size)),
        size,
        tokenizer,
        settings.model().text().contextLength(),
        classes == null ? List.of() : ClassNames.read(Path.of(classes)));
  }

  private static DataOptions options(RunSettings.Data data, String split) {
    return DataOptions.DEFAULT
        .withColumns(data.imageKey(), data.captionKey())
        .withSplit(split)
        .withBadLimit(new BadLimit(data.maxBad(), data.maxBadFraction()))
        .withSeparator(DataOptions.parseSeparator(data.separator()));
  }
}
