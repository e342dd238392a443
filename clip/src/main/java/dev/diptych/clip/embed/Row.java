package dev.diptych.clip.embed;

import dev.diptych.clip.data.Example;
import dev.diptych.clip.data.Text;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is to be embedded as one row.
 *
 * @param key what the data set calls it
 * @param picture where its picture lies, in words; null if there is none
 * @param captions its texts; the first one is embedded where texts are
 * @param label the class, if one is known
 * @param example the picture; null for a text
 */
record Row(
    String key,
    @Nullable String picture,
    List<String> captions,
    @Nullable String label,
    @Nullable Example example) {
  private static final JsonMapper JSON = new JsonMapper();

  static Row of(Example example) {
    return new Row(
        example.key(), example.picture().name(), example.captions(), example.label(), example);
  }

  static Row of(Text text) {
    return new Row(text.key(), text.picture(), List.of(text.text()), null, null);
  }

  String caption() {
    return captions.getFirst();
  }

  /** Adds what the row is: another one in its place would be noticed. */
  void addTo(MessageDigest digest) {
    add(digest, key);
    add(digest, picture == null ? "" : picture);
    captions.forEach(caption -> add(digest, caption));
    digest.update((byte) '\n');
  }

  private static void add(MessageDigest digest, String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
    digest.update((byte) 0);
  }

  /** A line of the table: the same columns in every row of a folder. */
  String metadata(EmbedOptions.Content content) {
    ObjectNode columns = JSON.createObjectNode();
    columns.put("key", key);
    columns.put("image_path", picture);
    if (content == EmbedOptions.Content.IMAGES) {
      ArrayNode all = columns.putArray("captions");
      captions.forEach(all::add);
    } else {
      columns.put("caption", caption());
    }
    if (content != EmbedOptions.Content.TEXTS) {
      columns.put("label", label);
    }
    return columns.toString();
  }
}
