package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A text a line, plain or as a field of a JSON object. Lines are read one at a time. */
final class TextLines implements Texts {
  /** A line longer than this is no text that a model could read. */
  static final int MAX_LINE = 1 << 20;

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private final Path file;
  private final @Nullable String field;
  private final BadRecords bad;
  private final InputStream in;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long number;
  private @Nullable Text next;

  private TextLines(Path file, @Nullable String field, BadRecords bad) {
    this.file = file;
    this.field = field;
    this.bad = bad;
    try {
      this.in = new BufferedInputStream(Files.newInputStream(file), 1 << 16);
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    }
  }

  /** Lines of text in UTF-8. */
  static TextLines plain(Path file, BadRecords bad) {
    return new TextLines(file, null, bad);
  }

  /** Lines that hold a JSON object each, with the text in {@code field}. */
  static TextLines json(Path file, String field, BadRecords bad) {
    return new TextLines(file, field, bad);
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null && readLine()) {
        next = text();
      }
    } catch (IOException e) {
      throw new UserException(
          file + ": cannot be read after line " + number + ": " + UserException.reason(e), e);
    }
    return next != null;
  }

  @Override
  public Text next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException(file.toString());
    }
    Text text = next;
    next = null;
    return text;
  }

  /** Reads a line, of which no more than a byte above the limit is kept; false at the end. */
  private boolean readLine() throws IOException {
    line.reset();
    int b = in.read();
    if (b < 0) {
      return false;
    }
    number++;
    while (b >= 0 && b != '\n') {
      if (line.size() <= MAX_LINE) {
        line.write(b);
      }
      b = in.read();
    }
    return true;
  }

  private @Nullable Text text() {
    String key = file + ":" + number;
    if (line.size() > MAX_LINE) {
      bad.add(BadReason.BAD_ROW, key, "longer than " + MAX_LINE + " bytes");
      return null;
    }
    String text;
    try {
      text =
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(line.toByteArray()))
              .toString();
    } catch (CharacterCodingException e) {
      bad.add(BadReason.BAD_ROW, key, "is not UTF-8");
      return null;
    }
    if (number == 1 && text.startsWith("\uFEFF")) {
      text = text.substring(1);
    }
    String found = field == null ? text : field(text, field, key);
    if (found == null) {
      return null;
    }
    if (found.isBlank()) {
      bad.add(BadReason.EMPTY_CAPTION, key, "");
      return null;
    }
    return new Text(key, found.strip(), null);
  }

  private @Nullable String field(String json, String name, String key) {
    try {
      JsonNode value = JSON.readTree(json).path(name);
      if (value.isString()) {
        return value.stringValue();
      }
      bad.add(BadReason.BAD_ROW, key, "expected a JSON object with a string \"" + name + "\"");
    } catch (JacksonException e) {
      bad.add(BadReason.BAD_ROW, key, "is no JSON: " + e.getOriginalMessage());
    }
    return null;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) { // nothing was written that could be lost
      System.getLogger(TextLines.class.getName())
          .log(System.Logger.Level.DEBUG, "closing {0}: {1}", file, e);
    }
  }
}
