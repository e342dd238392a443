package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Pictures and captions from JSON of two kinds. COCO's {@code captions_val2017.json}: {@code
 * images} with {@code id} and {@code file_name}, {@code annotations} with {@code image_id} and
 * {@code caption}. Karpathy and Li's {@code dataset_flickr30k.json}: {@code images} with {@code
 * filename}, {@code split} and {@code sentences}, each of which has its text in {@code raw}.
 */
final class CaptionJson {
  private final Path file;
  private final DataOptions options;
  private final BadRecords bad;
  private final CaptionedPictures pictures;

  private CaptionJson(Path file, DataOptions options, BadRecords bad) {
    this.file = file;
    this.options = options;
    this.bad = bad;
    this.pictures = new CaptionedPictures(CocoJson.pictureFolders(file), options, bad);
  }

  /**
   * The examples of a file in the order of its pictures, numbered from 0.
   *
   * @throws UserException when the file is missing, is no JSON, or of neither kind
   */
  static List<Example> index(Path file, DataOptions options, BadRecords bad) {
    JsonNode root = CocoJson.read(file);
    CaptionJson json = new CaptionJson(file, options, bad);
    JsonNode images = CocoJson.array(file, root, "images");
    if (root.has("annotations")) {
      json.readCoco(images, CocoJson.array(file, root, "annotations"));
    } else {
      json.readKarpathy(images);
    }
    return json.pictures.examples();
  }

  private void readCoco(JsonNode images, JsonNode annotations) {
    Map<Long, List<String>> captions = new HashMap<>();
    boolean any = false;
    for (int i = 0; i < annotations.size(); i++) {
      JsonNode id = annotations.get(i).path("image_id");
      JsonNode caption = annotations.get(i).path("caption");
      any |= caption.isString();
      if (!id.isIntegralNumber() || !caption.isString()) {
        bad.add(
            BadReason.BAD_ROW,
            file + ", annotation " + i,
            "expected a number image_id and a text caption");
        continue;
      }
      captions.computeIfAbsent(id.longValue(), _ -> new ArrayList<>()).add(caption.stringValue());
    }
    if (!any) {
      throw new UserException(
          file
              + ": no annotation has a caption: expected COCO's captions_*.json; boxes are in"
              + " instances_*.json");
    }
    for (int i = 0; i < images.size(); i++) {
      JsonNode image = images.get(i);
      @Nullable String name = image.path("file_name").stringValue(null);
      if (!image.path("id").isIntegralNumber() || name == null) {
        bad.add(BadReason.BAD_ROW, file + ", image " + i, "expected a number id and a file_name");
        continue;
      }
      List<String> found = captions.remove(image.path("id").longValue());
      addAll("image " + image.path("id").longValue(), name, found == null ? List.of() : found);
    }
    captions.forEach((id, lost) ->
        bad.add(BadReason.MISSING_PICTURE, file + ", image " + id, lost.size() + " captions"));
  }

  private void readKarpathy(JsonNode images) {
    @Nullable String wanted = options.split();
    Set<String> splits = new TreeSet<>();
    boolean any = false;
    for (int i = 0; i < images.size(); i++) {
      JsonNode image = images.get(i);
      @Nullable String name = image.path("filename").stringValue(null);
      @Nullable String split = image.path("split").stringValue(null);
      JsonNode sentences = image.path("sentences");
      if (name == null || !sentences.isArray()) {
        bad.add(BadReason.BAD_ROW, file + ", image " + i, "expected filename and sentences");
        continue;
      }
      if (split != null) {
        splits.add(split);
      }
      if (wanted != null && !belongs(split, wanted)) {
        continue;
      }
      any = true;
      List<String> captions = new ArrayList<>();
      for (JsonNode sentence : sentences) {
        captions.add(sentence.path("raw").stringValue(""));
      }
      @Nullable String folder = image.path("filepath").stringValue(null);
      addAll("image " + i, folder == null ? name : folder + "/" + name, captions);
    }
    if (!any && wanted != null) {
      throw new UserException(
          "%s: no picture is of the split %s; there are: %s"
              .formatted(file, wanted, splits.isEmpty() ? "none" : String.join(", ", splits)));
    }
  }

  /** COCO's {@code restval} is what was left over of the validation part, and is trained on. */
  private static boolean belongs(@Nullable String split, String wanted) {
    return split != null
        && (split.equalsIgnoreCase(wanted)
            || (wanted.equalsIgnoreCase("train")
                && split.toLowerCase(Locale.ROOT).equals("restval")));
  }

  private void addAll(String where, String name, List<String> captions) {
    if (captions.isEmpty()) {
      if (options.requireCaptions()) {
        bad.add(BadReason.MISSING_CAPTION, file + ", " + where, name);
      } else {
        pictures.add(file + ", " + where, name, "");
      }
    }
    for (int i = 0; i < captions.size(); i++) {
      pictures.add(file + ", " + where + ", caption " + i, name, captions.get(i));
    }
  }
}
