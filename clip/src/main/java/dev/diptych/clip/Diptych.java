package dev.diptych.clip;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.TokenizedText;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.clip.tokenizer.Truncation;
import dev.diptych.clip.weights.LoadedModel;
import dev.diptych.clip.weights.ModelFiles;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model ready for use: weights, tokenizer and preprocessing together.
 *
 * <pre>{@code
 * try (Diptych model = Diptych.load(Path.of("runs/demo"))) {
 *   float[][] pictures = model.embedPictures(List.of(PictureDecoder.read(Path.of("cat.jpg"))));
 *   float[][] texts = model.embedTexts(List.of("a photo of a cat"));
 *   // the dot product of two rows is their cosine similarity
 * }
 * }</pre>
 *
 * <p>Not safe for use by several threads at once; all threads of the machine work on each call.
 */
public final class Diptych implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Diptych.class.getName());
  private static final int BATCH = 32;

  private final Clip clip;
  private final @Nullable Tokenizer tokenizer;
  private final Preprocess preprocess;
  private Embedder embedder;
  private final CutTexts cutTexts = new CutTexts();
  private @Nullable String fingerprint;

  /**
   * A model from its parts.
   *
   * @param tokenizer null if only pictures will be embedded
   */
  public Diptych(Clip clip, @Nullable Tokenizer tokenizer) {
    this(clip, tokenizer, new Preprocess(clip.config().vision().imageSize()));
  }

  private Diptych(Clip clip, @Nullable Tokenizer tokenizer, Preprocess preprocess) {
    this.clip = clip;
    this.tokenizer = tokenizer;
    this.preprocess = preprocess;
    this.embedder = new Embedder(clip, BATCH);
  }

  /**
   * Reads a model: a file of weights in any format that CLIPs are published in, a directory of
   * Hugging Face's or open_clip's, or the folder of a run; or the name of a model that has been
   * pulled from a hub, such as {@code openai/clip-vit-base-patch32}. The vocabulary is looked for
   * beside it.
   *
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Diptych load(Path path) {
    return load(path, null, null);
  }

  /**
   * Reads a model and a vocabulary.
   *
   * @param vocabulary null looks beside the model
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Diptych load(Path name, @Nullable Path vocabulary) {
    return load(name, vocabulary, null);
  }

  /**
   * Reads a model and a vocabulary.
   *
   * @param vocabulary null looks beside the model
   * @param activation for checkpoints that do not say theirs, or say a wrong one; null takes what
   *     they say, or a guess that is logged as a warning
   * @throws UserException if there is no model there, or a damaged one
   */
  public static Diptych load(
      Path name, @Nullable Path vocabulary, @Nullable Activation activation) {
    Path path = ModelFiles.locate(name);
    LoadedModel loaded = ModelFiles.read(path, activation);
    Clip clip = loaded.clip();
    return new Diptych(clip, ModelFiles.tokenizer(path, vocabulary, clip), loaded.preprocess());
  }

  /**
   * Moves the weights into {@code scope} and computes on its device from now on.
   *
   * @param scope for the weights; closed by the caller, after this model
   */
  public void moveTo(TensorScope scope) {
    embedder.close();
    clip.moveTo(scope);
    embedder = new Embedder(clip, BATCH);
  }

  /** The model. */
  public Clip clip() {
    return clip;
  }

  /**
   * {@link Clip#fingerprint}, hashed once: all weights take seconds, and a model in use learns
   * nothing.
   */
  public String fingerprint() {
    String known = fingerprint;
    if (known == null) {
      known = clip.fingerprint();
      fingerprint = known;
    }
    return known;
  }

  /**
   * The tokenizer.
   *
   * @throws UserException if no vocabulary was found
   */
  public Tokenizer tokenizer() {
    Tokenizer present = tokenizer;
    if (present == null) {
      throw new UserException(
          "no vocabulary was found beside the model: give bpe_simple_vocab_16e6.txt.gz, or a folder"
              + " with vocab.json and merges.txt, with --vocab");
    }
    return present;
  }

  /** What turns pictures into what the model sees. */
  public Preprocess preprocess() {
    return preprocess;
  }

  /** What cosine similarities are multiplied by before a softmax: exp(logit_scale). */
  public double similarityScale() {
    return Math.exp(clip.logitScale().value().item());
  }

  /**
   * Embeds pictures.
   *
   * @return one row (D) of length 1 per picture
   */
  public float[][] embedPictures(List<Picture> pictures) {
    int side = preprocess.size();
    int pixels = 3 * side * side;
    float[][] rows = new float[pictures.size()][];
    for (int begin = 0; begin < rows.length; begin += BATCH) {
      int size = Math.min(BATCH, rows.length - begin);
      float[] images = new float[size * pixels]; // (size, 3, S, S)
      for (int i = 0; i < size; i++) {
        preprocess.normalise(preprocess.toSquare(pictures.get(begin + i)), images, i * pixels);
      }
      split(embedder.images(Tensor.of(images, Shape.of(size, 3, side, side))), rows, begin);
    }
    return rows;
  }

  /**
   * Embeds texts. One that is longer than the model's context is cut: the first such text is logged
   * as a warning, all are counted in {@link #cutTexts}, and {@link #tokenize} tells which they are.
   *
   * @return one row (D) of length 1 per text
   */
  public float[][] embedTexts(List<String> texts) {
    return embedTexts(tokenize(texts));
  }

  /** Embeds what {@link #tokenize} made; one row (D) of length 1 per text. */
  public float[][] embedTexts(TokenizedTexts texts) {
    float[][] rows = new float[texts.lost().length][];
    split(embedder.texts(texts.tokens()), rows, 0);
    return rows;
  }

  /** The tokens of texts, and how many of each text did not fit. */
  public TokenizedTexts tokenize(List<String> texts) {
    int length = clip.config().text().contextLength();
    int[] tokens = new int[texts.size() * length];
    int[] lost = new int[texts.size()];
    for (int i = 0; i < lost.length; i++) {
      TokenizedText text = tokenizer().tokenize(texts.get(i), length, Truncation.CUT);
      System.arraycopy(text.tokens(), 0, tokens, i * length, length);
      lost[i] = text.lost();
      if (cutTexts.count(lost[i]) && cutTexts.cut() == 1) {
        LOG.log(
            System.Logger.Level.WARNING,
            "the model reads {0} tokens: {1} at the end of this text are not seen, further texts"
                + " that are cut are only counted: {2}",
            length,
            lost[i],
            abbreviated(texts.get(i)));
      }
    }
    return new TokenizedTexts(new IntTensor(Shape.of(lost.length, length), tokens), lost);
  }

  private static String abbreviated(String text) {
    int shown = 60;
    return text.codePointCount(0, text.length()) <= shown
        ? text
        : text.substring(0, text.offsetByCodePoints(0, shown)) + "…";
  }

  /** How many texts have been cut so far, of how many. */
  public CutTexts cutTexts() {
    return cutTexts;
  }

  /**
   * This model with another context: a shorter one takes the first positions, a longer one
   * stretches them, see {@link TextContext#resize}. The weights are copied to host memory; this
   * model is closed.
   *
   * @throws UserException if {@code length} is no context length
   */
  public Diptych withContextLength(int length) {
    Diptych other = new Diptych(TextContext.resize(clip, length), tokenizer, preprocess);
    close();
    return other;
  }

  private static void split(Tensor features, float[][] rows, int begin) {
    for (int i = 0; i < features.dim(0); i++) {
      rows[begin + i] = features.narrow(0, i, 1).toArray();
    }
  }

  /** Gives the memory of activations back; says how many texts were cut, if it was not one. */
  @Override
  public void close() {
    if (cutTexts.cut() > 1) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} than the {1} tokens that the model reads",
          cutTexts,
          clip.config().text().contextLength());
    }
    embedder.close();
  }
}
