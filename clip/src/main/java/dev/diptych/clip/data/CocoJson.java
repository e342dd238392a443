package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What COCO's files of captions and of boxes have in common. */
final class CocoJson {
  private static final JsonMapper JSON = new JsonMapper();

  private CocoJson() {}

  /**
   * The whole of a file.
   *
   * @throws UserException if it cannot be read, or is no JSON object
   */
  static JsonNode read(Path file) {
    JsonNode root;
    try (InputStream in = Files.newInputStream(file)) {
      root = JSON.readTree(in);
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    } catch (JacksonException e) {
      throw new UserException(file + ": is no JSON: " + e.getOriginalMessage(), e);
    }
    if (!root.isObject()) {
      throw new UserException(file + ": expected a JSON object with images, as COCO's files are");
    }
    return root;
  }

  /**
   * A list in a file.
   *
   * @throws UserException if there is none of that name
   */
  static JsonNode array(Path file, JsonNode root, String name) {
    JsonNode array = root.get(name);
    if (array == null || !array.isArray()) {
      throw new UserException(
          "%s: has no list \"%s\", found %s: expected COCO's captions_*.json or instances_*.json, or dataset_*.json of Karpathy's"
              .formatted(file, name, root.propertyNames()));
    }
    return array;
  }

  /**
   * Where the pictures of a file may lie: beside it, in a folder beside it called as the end of its
   * name ({@code captions_val2017.json}: {@code val2017}) or {@code images}; and all of these one
   * folder up, since COCO keeps its files in {@code annotations/}.
   */
  static List<Path> pictureFolders(Path file) {
    Path folder = CaptionedPictures.folderOf(file);
    String name = String.valueOf(file.getFileName()).replaceFirst("(?i)\\.json$", "");
    String part = name.substring(name.indexOf('_') + 1);
    List<Path> roots = new ArrayList<>(List.of(folder));
    Path up = folder.getParent();
    if (up != null) {
      roots.add(up);
    }
    Set<Path> places = new LinkedHashSet<>();
    for (Path root : roots) {
      places.add(root);
      for (String inner : List.of(part, "images", "Images", part + "-images", part + "_images")) {
        places.add(root.resolve(inner));
      }
    }
    return List.copyOf(places);
  }
}
