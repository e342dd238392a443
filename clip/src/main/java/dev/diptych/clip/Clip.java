package dev.diptych.clip;

import dev.diptych.autograd.Buffer;
import dev.diptych.autograd.Initialiser;
import dev.diptych.autograd.Parameter;
import dev.diptych.autograd.Parameters;
import dev.diptych.autograd.Tape;
import dev.diptych.autograd.Var;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.simd.VectorModule;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import dev.diptych.tensor.op.Elementwise;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * The model: an image tower and a text tower into one embedding space, and the learned temperature
 * of their contrastive loss (Radford et al. 2021, Figure 3).
 *
 * <p>Similarity of a picture and a text is exp(logit_scale)·cos(image embedding, text embedding).
 */
public final class Clip {
  /** logit_scale starts at ln(1/0.07) (§2.5). */
  private static final float INITIAL_LOGIT_SCALE = (float) Math.log(1 / 0.07);

  /** logit_scale is kept in [0, ln 100] "to prevent training instability" (§2.5). */
  private static final float MAX_LOGIT_SCALE = (float) Math.log(100);

  private final ClipConfig config;
  private final Layers layers;
  private final Parameters parameters;

  private record Layers(ImageTower vision, TextTransformer text, Parameter logitScale) {
    static Layers announce(Parameters.Builder builder, ClipConfig config) {
      int embedDim = config.embedDim();
      ImageTower vision =
          switch (config.vision()) {
            case VitConfig vit ->
                new VisionTransformer(builder, vit, embedDim, config.activation());
            case ResNetConfig resNet -> new ModifiedResNet(builder, resNet, embedDim);
          };
      TextTransformer text =
          new TextTransformer(builder, config.text(), embedDim, config.activation());
      Parameter logitScale =
          builder.add("logitScale", Shape.scalar(), Initialiser.constant(INITIAL_LOGIT_SCALE));
      return new Layers(vision, text, logitScale);
    }
  }

  private Clip(ClipConfig config, boolean drawWeights, long seed) {
    VectorModule.require(); // first of all: the weights may take a while to read
    this.config = config;
    Parameters.Builder builder = new Parameters.Builder();
    layers = Layers.announce(builder, config);
    parameters = drawWeights ? builder.build(seed) : builder.buildZeroed();
  }

  /** How many weights a model of this configuration has, found without allocating them. */
  public static long parameterCount(ClipConfig config) {
    Parameters.Builder builder = new Parameters.Builder();
    Layers.announce(builder, config);
    return builder.count();
  }

  /** A new model with random weights; the same for a seed. */
  public static Clip create(ClipConfig config, long seed) {
    return new Clip(config, true, seed);
  }

  /** A model whose weights are all zero, to be filled from a checkpoint. */
  public static Clip blank(ClipConfig config) {
    return new Clip(config, false, 0);
  }

  /** The sizes. */
  public ClipConfig config() {
    return config;
  }

  /** The image tower. */
  public ImageTower vision() {
    return layers.vision();
  }

  /** The text tower. */
  public TextTransformer text() {
    return layers.text();
  }

  /** The log of what similarities are multiplied by; shape (). */
  public Parameter logitScale() {
    return layers.logitScale();
  }

  /** All weights. */
  public Parameters parameters() {
    return parameters;
  }

  /**
   * Moves the model to the device of {@code scope}, which owns its weights from then on: before it
   * is trained there, or used with tapes of scopes of that device.
   */
  public void moveTo(TensorScope scope) {
    parameters.moveTo(scope);
  }

  /** Where the model is. */
  public Device device() {
    return parameters.device();
  }

  /**
   * Tells this model from any other: SHA-256 of its configuration and of the bits of its weights
   * and buffers, as 64 hexadecimal digits. What was computed with a model, and is kept, is kept
   * under this name.
   */
  public String fingerprint() {
    Sha256 hash = new Sha256();
    hash.add(config.toString());
    add(hash, parameters.values().onHost().floats());
    for (Buffer buffer : parameters.buffers()) {
      add(hash, buffer.value().onHost().floats());
    }
    return hash.hex();
  }

  private static void add(Sha256 hash, Floats values) {
    ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer floats = bytes.asFloatBuffer();
    for (int at = values.offset(); at < values.end(); at += floats.position()) {
      floats.clear();
      floats.put(values.array(), at, Math.min(floats.capacity(), values.end() - at));
      hash.add(bytes.slice(0, 4 * floats.position()));
    }
  }

  /** Keeps logit_scale in [0, ln 100], after each step of the optimiser. */
  public void clampLogitScale() {
    Elementwise.clamp(logitScale().value(), 0, MAX_LOGIT_SCALE);
  }

  /**
   * Embeds pictures.
   *
   * @param images (B, 3, S, S), normalised with CLIP's mean and deviation
   * @return (B, D), not normalised
   * @throws UserException if the pictures have another size than the model's
   */
  public Var encodeImage(Tape tape, Tensor images) {
    checkImages(images);
    return layers.vision().forward(tape, Var.constant(tape.scope().onDevice(images)));
  }

  /**
   * What a linear probe learns from, see {@link ImageTower#features}.
   *
   * @param images (B, 3, S, S), normalised with CLIP's mean and deviation
   * @return (B, {@link ImageTower#featureWidth()})
   * @throws UserException if the pictures have another size than the model's
   */
  public Var imageFeatures(Tape tape, Tensor images) {
    checkImages(images);
    return layers.vision().features(tape, Var.constant(tape.scope().onDevice(images)));
  }

  private void checkImages(Tensor images) {
    int size = config.vision().imageSize();
    if (images.rank() != 4
        || images.dim(1) != 3
        || images.dim(2) != size
        || images.dim(3) != size) {
      throw new UserException(
          "images must be (B, 3, %d, %d), the model's picture size, got %s"
              .formatted(size, size, images.shape()));
    }
  }

  /**
   * Embeds texts.
   *
   * @param tokens (B, T): start token, text, end token, zeros
   * @return (B, D), not normalised
   * @throws UserException if T is longer than the model's context
   */
  public Var encodeText(Tape tape, IntTensor tokens) {
    return layers.text().forward(tape, tokens);
  }
}
