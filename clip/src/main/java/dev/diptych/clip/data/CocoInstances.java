package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import dev.diptych.clip.image.Area;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Pictures with the boxes of the things in them, from COCO's {@code instances_*.json}: {@code
 * images}, {@code categories} and {@code annotations} with {@code bbox} (x, y, width, height in
 * pixels). Boxes of crowds count like those of single things.
 */
public final class CocoInstances {
  private final Path file;
  private final BadRecords bad;
  private final Map<Long, Map<String, List<Area>>> boxes = new HashMap<>();

  /**
   * A picture and what is where in it.
   *
   * @param key what the file calls it
   * @param picture the encoded picture
   * @param things boxes by the name of their class, in the picture's own pixels
   */
  public record Scene(String key, Blob picture, Map<String, List<Area>> things) {}

  private CocoInstances(Path file, BadRecords bad) {
    this.file = file;
    this.bad = bad;
  }

  /**
   * The scenes of a file, or of all {@code instances_*.json} in a folder or in {@code annotations/}
   * in it. Pictures without a box are left out.
   *
   * @param imageRoot where the pictures are; null looks beside the file, as for captions
   * @param bad is told of annotations that make no sense and of pictures that are not there
   * @throws UserException if a file is missing, or is no such JSON, or there is no scene
   */
  public static List<Scene> read(Path path, @Nullable Path imageRoot, BadRecords bad) {
    DataOptions options = DataOptions.DEFAULT.withImageRoot(imageRoot);
    List<Scene> scenes = new ArrayList<>();
    for (Path file : files(path)) {
      scenes.addAll(new CocoInstances(file, bad).scenes(options));
    }
    bad.check(scenes.size());
    if (scenes.isEmpty()) {
      throw new UserException(path + ": holds no picture with a box");
    }
    return scenes;
  }

  private static List<Path> files(Path path) {
    if (!Files.isDirectory(path)) {
      return List.of(path);
    }
    List<Path> found = new ArrayList<>();
    for (Path folder : List.of(path, path.resolve("annotations"))) {
      if (Files.isDirectory(folder)) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "instances_*.json")) {
          files.forEach(found::add);
        } catch (IOException e) {
          throw TarShard.unreadable(folder, e);
        }
      }
    }
    if (found.isEmpty()) {
      throw new UserException(
          path + ": expected COCO's instances_*.json in this folder or in annotations/ in it");
    }
    found.sort(null);
    return found;
  }

  private List<Scene> scenes(DataOptions options) {
    JsonNode root = CocoJson.read(file);
    JsonNode images = CocoJson.array(file, root, "images");
    Map<Long, String> names = new HashMap<>();
    for (JsonNode category : CocoJson.array(file, root, "categories")) {
      names.put(category.path("id").longValue(-1), category.path("name").stringValue(""));
    }
    JsonNode annotations = CocoJson.array(file, root, "annotations");
    for (int i = 0; i < annotations.size(); i++) {
      addBox(i, annotations.get(i), names);
    }
    CaptionedPictures pictures = new CaptionedPictures(CocoJson.pictureFolders(file), options, bad);
    List<Scene> scenes = new ArrayList<>();
    for (JsonNode image : images) {
      Map<String, List<Area>> things = boxes.get(image.path("id").longValue(-1));
      String name = image.path("file_name").stringValue("");
      if (things != null) {
        Path picture = pictures.resolve(file + ", image " + image.path("id"), name);
        if (picture != null) {
          scenes.add(new Scene(name, new Blob.WholeFile(picture), things));
        }
      }
    }
    return scenes;
  }

  private void addBox(int number, JsonNode annotation, Map<Long, String> names) {
    JsonNode id = annotation.path("image_id");
    JsonNode box = annotation.path("bbox");
    @Nullable String name = names.get(annotation.path("category_id").longValue(-1));
    double[] edges = new double[4];
    boolean usable = id.isIntegralNumber() && box.size() == 4 && name != null && !name.isEmpty();
    for (int i = 0; i < 4 && usable; i++) {
      edges[i] = box.get(i).doubleValue(Double.NaN);
      usable = Double.isFinite(edges[i]) && (i < 2 || edges[i] >= 0);
    }
    if (!usable || name == null) {
      bad.add(
          BadReason.BAD_ROW,
          file + ", annotation " + number,
          "expected image_id, a category_id of the list and a bbox of four numbers");
      return;
    }
    boxes
        .computeIfAbsent(id.longValue(), _ -> new TreeMap<>())
        .computeIfAbsent(name, _ -> new ArrayList<>())
        .add(new Area(edges[0], edges[1], edges[2], edges[3]));
  }
}
