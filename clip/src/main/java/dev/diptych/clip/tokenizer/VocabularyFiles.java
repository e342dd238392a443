package dev.diptych.clip.tokenizer;

import dev.diptych.clip.UserException;
import dev.diptych.tensor.io.AtomicFile;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads and writes vocabularies in the forms that CLIP models come with. */
final class VocabularyFiles {
  /** OpenAI's file holds more merges than its models use. */
  static final int MOST_MERGES = 49_152 - 256 - 2;

  private static final String VOCABULARY = "vocab.json";
  private static final String MERGES = "merges.txt";
  private static final String BOTH = "tokenizer.json";
  private static final String OPENAI = "bpe_simple_vocab_16e6.txt.gz";
  private static final String HEADER = "#version";

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private VocabularyFiles() {}

  /** Reads the vocabulary at a path; see {@link Tokenizer#load}. */
  static Vocabulary read(Path path) {
    if (Files.isDirectory(path)) {
      return readDirectory(path);
    }
    if (!Files.exists(path)) {
      throw new UserException(
          "%s: no such file. A vocabulary is %s of OpenAI's CLIP, or a directory with %s and %s."
              .formatted(path, OPENAI, VOCABULARY, MERGES));
    }
    String name = path.getFileName().toString();
    if (name.endsWith(".json")) {
      JsonNode root = json(path);
      return root.path("model").isObject()
          ? readBoth(path, root)
          : readPair(path, root, path.resolveSibling(MERGES));
    }
    Path beside = path.resolveSibling(VOCABULARY);
    if (name.equals(MERGES) && Files.exists(beside)) {
      return readPair(beside, json(beside), path);
    }
    List<Vocabulary.Merge> merges = merges(path);
    if (merges.size() > MOST_MERGES) {
      merges = merges.subList(0, MOST_MERGES);
    }
    return Vocabulary.inOrder(merges, path.toString());
  }

  private static Vocabulary readDirectory(Path directory) {
    Path vocabulary = directory.resolve(VOCABULARY);
    Path merges = directory.resolve(MERGES);
    if (Files.exists(vocabulary) && Files.exists(merges)) {
      return readPair(vocabulary, json(vocabulary), merges);
    }
    for (String name : new String[] {BOTH, OPENAI}) {
      if (Files.exists(directory.resolve(name))) {
        return read(directory.resolve(name));
      }
    }
    String found =
        Files.exists(vocabulary)
            ? "only " + VOCABULARY
            : Files.exists(merges) ? "only " + MERGES : "none of them";
    throw new UserException(
        "%s: a vocabulary is %s and %s, or %s, or %s; this directory holds %s. Copy the missing file from where the model came from."
            .formatted(directory, VOCABULARY, MERGES, BOTH, OPENAI, found));
  }

  private static Vocabulary readPair(Path vocabulary, JsonNode root, Path merges) {
    if (!Files.exists(merges)) {
      throw new UserException(
          "%s: no such file, but %s needs the merges in it. Copy it from where the vocabulary came from."
              .formatted(merges, vocabulary));
    }
    return Vocabulary.of(ids(vocabulary, root), merges(merges), merges.toString());
  }

  /** One file of Hugging Face's fast tokenizers that holds ids and merges. */
  private static Vocabulary readBoth(Path path, JsonNode root) {
    JsonNode listed = root.path("model").path("merges");
    if (!listed.isArray()) {
      throw new UserException(
          "%s: model.merges must be a list, found %s. Use the tokenizer of a CLIP model."
              .formatted(path, listed.getNodeType()));
    }
    List<Vocabulary.Merge> merges = new ArrayList<>(listed.size());
    for (JsonNode merge : listed) {
      String text =
          merge.isArray() && merge.size() == 2
              ? merge.path(0).asString("") + " " + merge.path(1).asString("")
              : merge.asString("");
      merges.add(merge(text, merges.size() + 1, path + ", model.merges, counted as lines"));
    }
    return Vocabulary.of(ids(path, root.path("model").path("vocab")), merges, path.toString());
  }

  private static Map<String, Integer> ids(Path path, JsonNode object) {
    if (!object.isObject()) {
      throw new UserException(
          "%s: expected an object that gives each token its id, found %s. Use the %s of a CLIP model."
              .formatted(path, object.getNodeType(), VOCABULARY));
    }
    Map<String, Integer> ids = LinkedHashMap.newLinkedHashMap(object.size());
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      if (!entry.getValue().isInt()) {
        throw new UserException(
            "%s: the id of the token '%s' must be a whole number, found %s. The file is damaged: copy it again."
                .formatted(path, entry.getKey(), entry.getValue()));
      }
      ids.put(entry.getKey(), entry.getValue().intValue());
    }
    return ids;
  }

  private static JsonNode json(Path path) {
    try {
      return JSON.readTree(content(path));
    } catch (JacksonException e) {
      throw new UserException(
          "%s: no sound JSON at line %d, column %d: %s. The file is damaged or cut off: copy it again."
              .formatted(
                  path,
                  e.getLocation().getLineNr(),
                  e.getLocation().getColumnNr(),
                  e.getOriginalMessage()),
          e);
    }
  }

  private static List<Vocabulary.Merge> merges(Path path) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content(path))).toString();
    } catch (CharacterCodingException e) {
      throw new UserException(
          "%s: not UTF-8, so no list of merges. Use %s or %s of a CLIP model."
              .formatted(path, OPENAI, MERGES),
          e);
    }
    List<Vocabulary.Merge> merges = new ArrayList<>();
    int number = 0;
    int blank = 0;
    for (String line : (Iterable<String>) text.lines()::iterator) {
      number++;
      if (line.isEmpty()) {
        blank = number;
      } else if (blank > 0) {
        throw new UserException(
            "%s, line %d: this line is empty, others follow. The file is damaged: copy it again."
                .formatted(path, blank));
      } else if (number > 1 || !line.contains(HEADER)) {
        merges.add(merge(line, number, path.toString()));
      }
    }
    return merges;
  }

  private static Vocabulary.Merge merge(String line, int number, String where) {
    int space = line.indexOf(' ');
    if (space <= 0 || space == line.length() - 1 || line.indexOf(' ', space + 1) >= 0) {
      throw new UserException(
          "%s, line %d: expected two tokens with a space between them, found '%s'. The file is no list of merges or is cut off: copy it again."
              .formatted(where, number, line.length() > 80 ? line.substring(0, 80) + "…" : line));
    }
    return new Vocabulary.Merge(line.substring(0, space), line.substring(space + 1), number);
  }

  /** The bytes of a file, unpacked if it is a gzip file. */
  private static byte[] content(Path path) {
    try {
      byte[] bytes = Files.readAllBytes(path);
      if (bytes.length < 2 || bytes[0] != 0x1f || bytes[1] != (byte) 0x8b) {
        return bytes;
      }
      try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
        return in.readAllBytes();
      }
    } catch (EOFException | ZipException e) {
      throw new UserException(
          "%s: the gzip file is cut off or damaged (%s). Copy it again; OpenAI's has 1,356,917 bytes."
              .formatted(path, e.getMessage()),
          e);
    } catch (IOException e) {
      throw new UserException(
          "%s: cannot be read: %s.".formatted(path, UserException.reason(e)), e);
    }
  }

  /** Writes the two files of a vocabulary. */
  static void write(Vocabulary vocabulary, Path directory) {
    StringBuilder merges = new StringBuilder("#version: 0.2\n");
    for (int i = 0; i < vocabulary.merges(); i++) {
      merges
          .append(vocabulary.token(vocabulary.left(i)))
          .append(' ')
          .append(vocabulary.token(vocabulary.right(i)))
          .append('\n');
    }
    Map<String, Integer> ids = LinkedHashMap.newLinkedHashMap(vocabulary.size());
    for (int id = 0; id < vocabulary.size(); id++) {
      ids.put(vocabulary.token(id), id);
    }
    try {
      AtomicFile.writeText(directory.resolve(MERGES), merges.toString());
      AtomicFile.writeText(directory.resolve(VOCABULARY), JSON.writeValueAsString(ids));
    } catch (IOException e) {
      throw new UserException(
          "%s: the vocabulary cannot be written: %s. Is the disk full, or the directory not yours?"
              .formatted(directory, UserException.reason(e)),
          e);
    }
  }
}
