package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.UserException;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.tensor.DType;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.NamedTensors;
import dev.diptych.tensor.io.TensorFileException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The tensors of a CLIP among all that a checkpoint holds: their layout, and what comes before
 * their names, such as {@code state_dict.module.} in checkpoints of a training.
 */
final class ModelTensors {
  private static final System.Logger LOG = System.getLogger(ModelTensors.class.getName());
  private static final int SHOWN = 5;

  /** Names that only one layout has, the most special layout first; group 1 comes before them. */
  private static final Map<Layout, Pattern> MARKS = new LinkedHashMap<>();

  /** Tensors that tell that a model is of another kind, and of which. */
  private static final Map<Pattern, String> FOREIGN =
      Map.of(
          Pattern.compile("(|.*\\.)visual\\.(trunk|blocks)\\..*"),
          "its picture tower is one of timm's, such as ConvNeXt, EVA or SigLIP",
          Pattern.compile("(|.*\\.)text_decoder\\..*"),
          "it is a CoCa, which has a text decoder",
          Pattern.compile("(|.*\\.)text\\.transformer\\.(embeddings|encoder|block|shared)\\..*"),
          "its text tower is another language model of Hugging Face's",
          Pattern.compile("(|.*\\.)(logit_bias|vision_model\\.head\\..*)"),
          "it is a SigLIP");

  static {
    MARKS.put(Layout.HUGGING_FACE, mark("(text_model|vision_model)\\.(embeddings|encoder)\\."));
    MARKS.put(
        Layout.CUSTOM_TEXT, mark("text\\.(token_embedding|ln_final|transformer\\.resblocks)\\."));
    MARKS.put(Layout.OPENAI, mark("(visual|token_embedding|ln_final|transformer\\.resblocks)\\."));
  }

  /** What files of CLIPs hold beside the weights, and nobody needs. */
  private static final Pattern NEEDLESS =
      Pattern.compile(
          "(.*\\.)?(position_ids|attn_mask|num_batches_tracked"
              + "|input_resolution|context_length|vocab_size)");

  /** What trainings keep beside the model. */
  private static final Pattern TRAINING = Pattern.compile("(optimizer|scaler|scheduler)\\..*");

  /** What OpenAI's downloads say of themselves, in tensors, and others do not. */
  private static final List<String> OPENAI_ONLY =
      List.of("input_resolution", "context_length", "vocab_size");

  private final NamedTensors tensors;
  private final Layout layout;
  private final String prefix;

  private ModelTensors(NamedTensors tensors, Layout layout, String prefix) {
    this.tensors = tensors;
    this.layout = layout;
    this.prefix = prefix;
  }

  private static Pattern mark(String names) {
    return Pattern.compile("(|.*?\\.)" + names);
  }

  /**
   * Finds the model in a checkpoint.
   *
   * @throws UserException if there is none, or one of another kind
   */
  static ModelTensors in(NamedTensors tensors) {
    for (String name : tensors.names()) {
      for (Map.Entry<Pattern, String> kind : FOREIGN.entrySet()) {
        if (kind.getKey().matcher(name).matches()) {
          throw foreign(tensors, kind.getValue() + " ('" + name + "')");
        }
      }
    }
    for (Map.Entry<Layout, Pattern> mark : MARKS.entrySet()) {
      String prefix = shortestPrefix(tensors, mark.getValue());
      if (prefix != null) {
        return new ModelTensors(tensors, mark.getKey(), prefix);
      }
    }
    throw foreign(
        tensors,
        "its first tensors are: "
            + String.join(", ", tensors.names().stream().limit(SHOWN).toList()));
  }

  private static UserException foreign(NamedTensors tensors, String what) {
    return new UserException(
        ("%s holds no CLIP of the kind that is read here: %s. Expected OpenAI's, open_clip's or"
                + " Hugging Face's names of a CLIP whose picture tower is a vision Transformer or"
                + " ResNet and whose text tower is a Transformer, both OpenAI's")
            .formatted(tensors.file(), what));
  }

  private static @Nullable String shortestPrefix(NamedTensors tensors, Pattern mark) {
    String shortest = null;
    for (String name : tensors.names()) {
      Matcher matcher = mark.matcher(name);
      if (matcher.lookingAt()
          && (shortest == null || matcher.group(1).length() < shortest.length())) {
        shortest = matcher.group(1);
      }
    }
    return shortest;
  }

  NamedTensors all() {
    return tensors;
  }

  Layout layout() {
    return layout;
  }

  /** Whether OpenAI themselves wrote the checkpoint. */
  boolean isOpenAis() {
    return OPENAI_ONLY.stream().allMatch(name -> tensors.contains(prefix + name));
  }

  /** Whether the names are those of a training with open_clip or of its own kinds of models. */
  boolean isOpenClips() {
    return layout == Layout.CUSTOM_TEXT || (layout == Layout.OPENAI && !prefix.isEmpty());
  }

  /** Whether the parameter {@code ours} of a {@code Clip} is there. */
  boolean contains(String ours) {
    return tensors.contains(prefix + layout.name(ours));
  }

  /** The name in the file of the parameter {@code ours}, for messages. */
  String name(String ours) {
    return prefix + layout.name(ours);
  }

  /**
   * The shape of the parameter {@code ours}, as ours.
   *
   * @throws UserException if it is missing or has not {@code rank} axes
   */
  Shape shape(String ours, int rank) throws TensorFileException {
    Shape shape = found(name(ours));
    if (shape.rank() != rank) {
      throw new UserException(
          "%s: tensor '%s' must have %d axes, its shape is %s"
              .formatted(tensors.file(), name(ours), rank, shape));
    }
    return layout.isTransposed(ours) ? Shape.of(shape.dim(1), shape.dim(0)) : shape;
  }

  private Shape found(String name) throws TensorFileException {
    if (!tensors.contains(name)) {
      throw new UserException(
          "%s is not a whole CLIP model with %s: tensor '%s' is missing"
              .formatted(tensors.file(), layout, name));
    }
    return tensors.entry(name).shape();
  }

  /** How many blocks have names that begin with that of {@code ours} and a number. */
  int blocks(String ours) {
    Pattern pattern = Pattern.compile("^" + Pattern.quote(name(ours)) + "(\\d{1,4})\\.");
    int count = 0;
    for (String name : tensors.names()) {
      Matcher matcher = pattern.matcher(name);
      if (matcher.find()) {
        count = Math.max(count, Integer.parseInt(matcher.group(1)) + 1);
      }
    }
    return count;
  }

  /**
   * Reads all weights and buffers of {@code clip}.
   *
   * @param authority what determined the architecture of {@code clip}, for messages, such as
   *     "config.json makes it"
   * @throws UserException if one is missing or has another shape, or if the towers in the file have
   *     tensors that {@code clip} does not
   */
  void readInto(Clip clip, String authority) throws IOException {
    Set<String> known = new HashSet<>();
    for (Map.Entry<String, Tensor> wanted : clip.parameters().state().entrySet()) {
      for (Layout.Piece piece : layout.pieces(wanted.getKey(), wanted.getValue())) {
        known.add(prefix + piece.name());
        read(piece, authority);
      }
    }
    judge(tensors.names().stream().filter(name -> !known.contains(name)).toList());
  }

  private void read(Layout.Piece piece, String authority) throws IOException {
    String name = prefix + piece.name();
    Shape found = found(name);
    if (!found.equals(piece.shape())) {
      throw new UserException(
          "%s: tensor '%s' has the shape %s, %s %s"
              .formatted(tensors.file(), name, found, authority, piece.shape()));
    }
    DType dtype = tensors.entry(name).dtype();
    switch (dtype) {
      case F16, BF16, F32, F64 -> {}
      case BOOL, U8, I8, I16, U16, I32, U32, I64, U64 ->
          throw new UserException(
              "%s: tensor '%s' holds %s; quantised models are not read, take one in f32, f16 or bf16"
                  .formatted(tensors.file(), name, dtype));
    }
    if (piece.transposed()) {
      Tensor stored = Tensor.of(Floats.zeros(found.size()), found); // (D, C)
      tensors.readFloats(name, stored.floats());
      piece.value().copyFrom(stored.transpose(0, 1)); // (C, D)
    } else {
      tensors.read(name, piece.value());
    }
  }

  /** What is there and is no weight of ours: needless, a warning, or another model than ours. */
  private void judge(List<String> others) {
    List<String> ofTowers = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (String name : others) {
      if (NEEDLESS.matcher(name).matches() || TRAINING.matcher(name).matches()) {
        continue;
      }
      boolean inModel = name.startsWith(prefix) && name.substring(prefix.length()).contains(".");
      (inModel ? ofTowers : unknown).add(name);
    }
    if (!ofTowers.isEmpty()) {
      throw new UserException(
          ("%s has %d tensors that no CLIP of this architecture has, such as %s: with a part of its"
                  + " weights left out, the model would give other numbers than its own")
              .formatted(tensors.file(), ofTowers.size(), shown(ofTowers)));
    }
    if (!unknown.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0}: {1} tensors are not known and left out: {2}",
          tensors.file(),
          unknown.size(),
          shown(unknown));
    }
  }

  private static String shown(List<String> names) {
    return String.join(", ", names.subList(0, Math.min(SHOWN, names.size())));
  }
}
