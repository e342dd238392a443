package dev.diptych.clip.explain;

import dev.diptych.autograd.Functions;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.autograd.nn.AttentionFunction;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.ModifiedResNet;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VisionTransformer;
import dev.diptych.clip.image.Area;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.L2Normalize;
import dev.diptych.tensor.op.Matmul;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Shows where in a picture a model finds a text.
 *
 * <pre>{@code
 * HeatMap map = new PictureExplainer(model).explain(picture, "a dog", Method.RELEVANCE);
 * Files.write(Path.of("heat.png"), PngEncoder.encode(map.overlay(picture)));
 * }</pre>
 *
 * <p>A map tells what a model goes by, not where the thing is: that is as good as the model. How
 * often the two agree, {@link PointingGame} measures.
 */
public final class PictureExplainer {
  private final Diptych model;

  /** Explains what {@code model} sees; the model must stay open meanwhile. */
  public PictureExplainer(Diptych model) {
    this.model = model;
  }

  /**
   * Where {@code picture} matches {@code text}.
   *
   * @throws UserException if the model has no vocabulary, or the method does not fit its tower
   */
  public HeatMap explain(Picture picture, String text, Method method) {
    return explain(picture, model.embedTexts(List.of(text)), method).getFirst();
  }

  /**
   * Where {@code picture} matches each of some texts.
   *
   * @param texts embeddings of length 1, as {@link Diptych#embedTexts} makes them
   * @return a map for each text
   * @throws UserException if the method does not fit the model's tower; {@link Method#usual} does
   */
  public List<HeatMap> explain(Picture picture, float[][] texts, Method method) {
    Preprocess preprocess = model.preprocess();
    int side = preprocess.size();
    float[] pixels = new float[3 * side * side];
    preprocess.normalise(preprocess.toSquare(picture), pixels, 0);
    Tensor image = Tensor.of(pixels, Shape.of(1, 3, side, side));
    Area area = preprocess.area(picture.width(), picture.height());
    int grid = model.clip().config().vision().grid();
    List<HeatMap> maps = new ArrayList<>();
    for (float[] values : values(image, texts, method)) {
      maps.add(new HeatMap(grid, grid, values, area));
    }
    return maps;
  }

  /** Of each text the value of each patch, row by row. */
  private float[][] values(Tensor image, float[][] texts, Method method) {
    return switch (model.clip().vision()) {
      case VisionTransformer tower ->
          switch (method) {
            case SIMILARITY -> similarities(tower, image, texts, Functions::attention);
            case VALUES -> similarities(tower, image, texts, PictureExplainer::hearItself);
            case RELEVANCE -> relevances(tower, image, texts);
            case GRAD_CAM -> throw unfit(method, "a vision Transformer", "relevance");
          };
      case ModifiedResNet tower ->
          switch (method) {
            case GRAD_CAM -> GradCam.maps(tower, image, scaled(texts));
            case SIMILARITY, VALUES, RELEVANCE -> throw unfit(method, "a ResNet", "grad_cam");
          };
    };
  }

  private static UserException unfit(Method method, String tower, String instead) {
    return new UserException(
        "the method %s cannot explain %s: use %s"
            .formatted(method.name().toLowerCase(Locale.ROOT), tower, instead));
  }

  /** cos(patch, text) with {@code last} as the attention of the last block. */
  private static float[][] similarities(
      VisionTransformer tower, Tensor image, float[][] texts, AttentionFunction last) {
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      Tape tape = Tape.inference(scope);
      int end = tower.depth() - 1;
      Var tokens =
          tower.tokens(
              tape,
              Var.constant(image),
              block -> block == end ? last : Functions::attention); // (1, T, C)
      int width = tokens.value().dim(2);
      int count = tokens.value().dim(1) - 1;
      Tensor patches = tokens.value().narrow(1, 1, count).reshape(Shape.of(count, width));
      Tensor embedded = tower.project(tape, Var.constant(patches)).value(); // (G², D)
      Tensor unit = L2Normalize.forward(scope, embedded).y(); // (G², D)
      float[][] values = new float[texts.length][];
      for (int i = 0; i < texts.length; i++) {
        values[i] = Matmul.forward(scope, unit, false, column(texts[i], 1), false).toArray();
      }
      return values;
    }
  }

  /**
   * Each token as a sequence of its own: softmax over one score is 1, so what it hears is its own
   * value. qkv (1, T, 3C) → (1, T, C).
   */
  private static Var hearItself(Tape tape, Var qkv, int heads, boolean causal) {
    int tokens = qkv.value().dim(1);
    int width = qkv.value().dim(2);
    Var alone = Functions.reshape(tape, qkv, Shape.of(tokens, 1, width));
    Var heard = Functions.attention(tape, alone, heads, causal); // (T, 1, C)
    return Functions.reshape(tape, heard, Shape.of(1, tokens, width / 3));
  }

  /** The class token's row of {@link AttentionRelevance}, for s = exp(logit_scale)·cos. */
  private float[][] relevances(VisionTransformer tower, Tensor image, float[][] texts) {
    float[][] values = new float[texts.length][];
    List<Tensor> columns = scaled(texts);
    try (TensorScope scope = new TensorScope(Device.CPU)) {
      for (int i = 0; i < texts.length; i++) {
        scope.rewind();
        Tape tape = Tape.recording(scope);
        AttentionRelevance relevance =
            new AttentionRelevance(model.clip().config().vision().tokens());
        Var tokens = tower.tokens(tape, Var.variable(image), block -> relevance); // (1, T, C)
        Var classToken =
            Functions.gatherRows(tape, tokens, new IntTensor(Shape.of(1), new int[1])); // (1, C)
        Var embedding = Functions.l2Normalize(tape, tower.project(tape, classToken)); // (1, D)
        tape.backward(Functions.matmul(tape, embedding, Var.constant(columns.get(i))));
        values[i] = relevance.ofPatches();
      }
    }
    return values;
  }

  /** The texts as (D, 1), times what similarities are multiplied by. */
  private List<Tensor> scaled(float[][] texts) {
    List<Tensor> columns = new ArrayList<>();
    for (float[] text : texts) {
      columns.add(column(text, (float) model.similarityScale()));
    }
    return columns;
  }

  /** factor·text as (D, 1). */
  private static Tensor column(float[] text, float factor) {
    float[] column = text.clone();
    for (int i = 0; i < column.length; i++) {
      column[i] *= factor;
    }
    return Tensor.of(column, Shape.of(column.length, 1));
  }
}
