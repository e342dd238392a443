package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.ClipConfig;
import dev.diptych.clip.JsonFile;
import dev.diptych.clip.UserException;
import dev.diptych.clip.VitConfig;
import dev.diptych.clip.image.Preprocess;
import dev.diptych.clip.tokenizer.Tokenizer;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Writes models as other programs read them: directories of transformers and open_clip, and single
 * files with OpenAI's names.
 */
public final class ModelWriter {
  /** Who is to read it. */
  public enum Format {
    /** {@code CLIPModel.from_pretrained} of transformers: a directory. */
    HF,
    /** {@code open_clip.create_model("local-dir:…")}: a directory. */
    OPEN_CLIP,
    /** A safetensors file with OpenAI's names. */
    OPENAI;

    /** Whether it is a directory, not a single file. */
    public boolean isDirectory() {
      return this != OPENAI;
    }
  }

  private static final String BATCHES = "num_batches_tracked";
  private static final String RUNNING_VARIANCE = "running_var";

  /** The size of the vocabulary that open_clip brings along. */
  private static final int OPENAI_VOCABULARY = 49_408;

  private final Clip clip;
  private final Preprocess preprocess;
  private final @Nullable Tokenizer tokenizer;
  private final DType dtype;

  /**
   * A writer of a model.
   *
   * @param tokenizer null leaves the files of the vocabulary out
   * @param dtype F32, F16 or BF16, of all weights
   */
  public ModelWriter(Clip clip, Preprocess preprocess, @Nullable Tokenizer tokenizer, DType dtype) {
    this.clip = clip;
    this.preprocess = preprocess;
    this.tokenizer = tokenizer;
    this.dtype = dtype;
  }

  /**
   * Writes the model; until that is whole, there is nothing at {@code out}.
   *
   * @param out a file or directory, after {@link Format#isDirectory}
   * @param replace whether {@code out} may be there already: a file, or a directory that holds
   *     nothing but the files of a model
   * @throws UserException if {@code out} is there and may not be replaced, if the format cannot
   *     hold the model, or if a weight is too large for the type
   * @throws IOException if writing fails; then {@code out} is as it was
   */
  public void write(Path out, Format format, boolean replace) throws IOException {
    checkFits(format);
    if (!format.isDirectory()) {
      if (Files.isDirectory(out)) {
        throw new UserException(out + " is a folder; give the name of a file to write");
      }
      if (Files.exists(out) && !replace) {
        throw new UserException(out + " is there already; --force replaces it");
      }
      weights(Layout.OPENAI).write(out);
      return;
    }
    ModelFolder.write(
        out,
        replace,
        folder -> {
          switch (format) {
            case HF -> writeHuggingFace(folder);
            case OPEN_CLIP -> writeOpenClip(folder);
            case OPENAI -> throw new IllegalArgumentException("a single file");
          }
        });
  }

  private void checkFits(Format format) {
    if (format == Format.HF && !(clip.config().vision() instanceof VitConfig)) {
      throw new UserException(
          "transformers has no CLIP with a ResNet; write it with --to open_clip or --to openai");
    }
    Preprocess usual = new Preprocess(preprocess.size());
    if (format == Format.OPENAI
        && !(Arrays.equals(preprocess.mean(), usual.mean())
            && Arrays.equals(preprocess.std(), usual.std()))) {
      throw new UserException(
          "the model wants pictures with another mean and deviation than CLIP's, which a file with"
              + " OpenAI's names cannot say; write it with --to hf or --to open_clip");
    }
  }

  private void writeHuggingFace(Path folder) throws IOException {
    ClipConfig config = clip.config();
    int startToken =
        tokenizer != null ? tokenizer.startToken() : Math.max(0, config.text().endToken() - 1);
    VitConfig vit = (VitConfig) config.vision();
    weights(Layout.HUGGING_FACE).write(folder.resolve("model.safetensors"));
    JsonFile.write(
        folder.resolve(HuggingFaceConfig.FILE),
        HuggingFaceConfig.write(config, vit, startToken, torchName()));
    JsonFile.write(folder.resolve(PictureConfig.FILE), PictureConfig.writeHuggingFace(preprocess));
    writeTokenizer(folder);
  }

  private void writeOpenClip(Path folder) throws IOException {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ObjectNode model = OpenClipConfig.write(clip.config());
    if (tokenizer != null && tokenizer.size() != OPENAI_VOCABULARY) {
      // Otherwise open_clip takes the vocabulary it brings along; any name means this folder's.
      ((ObjectNode) model.path("text_cfg")).put("hf_tokenizer_name", ".");
    }
    root.set("model_cfg", model);
    root.set("preprocess_cfg", PictureConfig.writeOpenClip(preprocess));
    weights(Layout.OPENAI).write(folder.resolve("open_clip_model.safetensors"));
    JsonFile.write(folder.resolve(OpenClipConfig.FILE), root);
    writeTokenizer(folder);
  }

  private void writeTokenizer(Path folder) throws IOException {
    if (tokenizer == null) {
      return;
    }
    tokenizer.save(folder);
    int length = clip.config().text().contextLength();
    JsonFile.write(folder.resolve("tokenizer_config.json"), TokenizerConfig.settings(length));
    JsonFile.write(folder.resolve("special_tokens_map.json"), TokenizerConfig.specialTokens());
  }

  /** The weights under the names of {@code layout}, shared until they are written. */
  private SafetensorsWriter weights(Layout layout) {
    SafetensorsWriter writer = new SafetensorsWriter();
    if (layout == Layout.HUGGING_FACE) {
      writer.metadata("format", "pt"); // transformers refuses files without it
    } else {
      Architecture.describe(clip.config(), writer);
    }
    for (Map.Entry<String, Tensor> ours : clip.parameters().state().entrySet()) {
      for (Layout.Piece piece : layout.pieces(ours.getKey(), ours.getValue())) {
        Tensor value = piece.transposed() ? piece.value().transpose(0, 1) : piece.value();
        requireRoom(piece.name(), ours.getValue());
        writer.add(piece.name(), value, dtype);
        if (piece.name().endsWith(RUNNING_VARIANCE)) {
          // PyTorch counts batches beside each running statistic; no network here uses the count.
          String counter = piece.name().replace(RUNNING_VARIANCE, BATCHES);
          writer.add(counter, new IntTensor(Shape.scalar(), new int[1]), DType.I64);
        }
      }
    }
    return writer;
  }

  private void requireRoom(String name, Tensor value) {
    if (dtype != DType.F16) {
      return;
    }
    Floats floats = value.onHost().floats();
    for (int i = floats.offset(); i < floats.end(); i++) {
      float x = floats.array()[i];
      if (Float.isFinite(x) && Float.isInfinite(Float.float16ToFloat(Float.floatToFloat16(x)))) {
        throw new UserException(
            "tensor '%s' holds %s, and f16 ends at 65504: write it with --dtype bf16 or f32"
                .formatted(name, x));
      }
    }
  }

  private String torchName() {
    return switch (dtype) {
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      case F32 -> "float32";
      case BOOL, U8, I8, I16, U16, I32, U32, F64, I64, U64 ->
          throw new IllegalArgumentException(
              "weights are not written as " + dtype.name().toLowerCase(Locale.ROOT));
    };
  }
}
