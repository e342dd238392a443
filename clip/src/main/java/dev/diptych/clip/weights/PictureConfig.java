package dev.diptych.clip.weights;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Preprocess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a checkpoint says about preparing pictures: {@code preprocessor_config.json} of transformers
 * or {@code preprocess_cfg} of open_clip. Mean and deviation are honoured; pictures are always
 * scaled as CLIP does, and a file that asks for something else is told so.
 */
final class PictureConfig {
  static final String FILE = "preprocessor_config.json";
  private static final System.Logger LOG = System.getLogger(PictureConfig.class.getName());

  /** CLIP's, in the digits that everybody writes, which are not the shortest for these floats. */
  private static final double[] MEAN = {0.48145466, 0.4578275, 0.40821073};

  private static final double[] STD = {0.26862954, 0.26130258, 0.27577711};

  private PictureConfig() {}

  /** The preprocessing of a model for pictures of {@code size}; CLIP's own if nothing is said. */
  static Preprocess beside(Path folder, Layout layout, int size) throws IOException {
    return switch (layout) {
      case HUGGING_FACE -> huggingFace(folder.resolve(FILE), size);
      case OPENAI, CUSTOM_TEXT -> openClip(folder.resolve(OpenClipConfig.FILE), size);
    };
  }

  private static Preprocess huggingFace(Path file, int size) throws IOException {
    if (!Files.exists(file)) {
      return new Preprocess(size);
    }
    JsonNode root = StatedModel.json(file);
    List<String> others = new ArrayList<>();
    differs(others, root, "resample", "3");
    for (String step : new String[] {"do_resize", "do_center_crop", "do_normalize", "do_rescale"}) {
      differs(others, root, step, "true");
    }
    JsonNode crop = root.path("crop_size");
    differs(others, crop.isObject() ? crop : root, crop.isObject() ? "height" : "crop_size", size);
    JsonNode shortest = root.path("size");
    if (shortest.isObject() && !shortest.has("shortest_edge")) {
      others.add("size = " + shortest);
    } else {
      boolean named = shortest.isObject();
      differs(others, named ? shortest : root, named ? "shortest_edge" : "size", size);
    }
    tell(file, others);
    return preprocess(root.path("image_mean"), root.path("image_std"), size, file);
  }

  private static Preprocess openClip(Path file, int size) throws IOException {
    JsonNode root =
        Files.exists(file)
            ? StatedModel.json(file).path("preprocess_cfg")
            : new ObjectMapper().createObjectNode();
    List<String> others = new ArrayList<>();
    differs(others, root, "interpolation", "bicubic");
    differs(others, root, "resize_mode", "shortest");
    tell(file, others);
    return preprocess(root.path("mean"), root.path("std"), size, file);
  }

  private static void differs(List<String> others, JsonNode node, String key, Object expected) {
    String found = node.path(key).asString("");
    if (node.hasNonNull(key) && !found.equals(expected.toString())) {
      others.add("%s = %s instead of %s".formatted(key, found, expected));
    }
  }

  private static void tell(Path file, List<String> others) {
    if (!others.isEmpty()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} asks for {1}; pictures are scaled and cropped as the original CLIP does, and their"
              + " embeddings will differ from those the model was made for",
          file,
          String.join(", ", others));
    }
  }

  private static Preprocess preprocess(JsonNode mean, JsonNode std, int size, Path file) {
    float[] means = three(mean, file);
    float[] deviations = three(std, file);
    if (means == null || deviations == null) {
      return new Preprocess(size);
    }
    for (float deviation : deviations) {
      if (!(deviation > 0)) {
        throw new UserException(file + ": a deviation of the pictures' channels is not above 0");
      }
    }
    return new Preprocess(size, means, deviations);
  }

  private static float @Nullable [] three(JsonNode numbers, Path file) {
    if (numbers.isMissingNode() || numbers.isNull()) {
      return null;
    }
    float[] values = new float[3];
    for (int c = 0; c < 3; c++) {
      if (numbers.size() != 3 || !numbers.get(c).isNumber()) {
        throw new UserException(
            "%s: mean and deviation must be three numbers, found %s".formatted(file, numbers));
      }
      values[c] = numbers.get(c).floatValue();
    }
    return values;
  }

  /** {@code preprocessor_config.json}, as transformers writes it. */
  static ObjectNode writeHuggingFace(Preprocess preprocess) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    ObjectNode crop = root.putObject("crop_size");
    crop.put("height", preprocess.size());
    crop.put("width", preprocess.size());
    root.put("do_center_crop", true);
    root.put("do_convert_rgb", true);
    root.put("do_normalize", true);
    root.put("do_rescale", true);
    root.put("do_resize", true);
    addAll(root.putArray("image_mean"), preprocess.mean(), MEAN);
    root.put("image_processor_type", "CLIPImageProcessor");
    addAll(root.putArray("image_std"), preprocess.std(), STD);
    root.put("resample", 3);
    root.put("rescale_factor", 1 / 255.0);
    root.putObject("size").put("shortest_edge", preprocess.size());
    return root;
  }

  /** {@code preprocess_cfg}, as open_clip writes it. */
  static ObjectNode writeOpenClip(Preprocess preprocess) {
    ObjectNode root = new ObjectMapper().createObjectNode();
    addAll(root.putArray("mean"), preprocess.mean(), MEAN);
    addAll(root.putArray("std"), preprocess.std(), STD);
    root.put("interpolation", "bicubic");
    root.put("resize_mode", "shortest");
    return root;
  }

  private static void addAll(ArrayNode array, float[] values, double[] published) {
    for (int c = 0; c < values.length; c++) {
      array.add((float) published[c] == values[c] ? published[c] : values[c]);
    }
  }
}
