package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Pictures and captions from a table: CSV or TSV with a header, Flickr's {@code captions.txt}, or
 * Flickr's {@code .token} files ({@code picture.jpg#2}, a tab, the caption; no header). Rows that
 * name the same picture make one example with several captions.
 */
final class CaptionTable {
  private static final List<String> IMAGE_COLUMNS =
      List.of(
          "filepath",
          "image",
          "path",
          "file",
          "filename",
          "file_name",
          "image_path",
          "image_name",
          "img",
          "picture");
  private static final List<String> CAPTION_COLUMNS =
      List.of("title", "caption", "text", "comment", "description", "sentence", "raw");
  private static final char[] SEPARATORS = {'\t', ',', ';', '|'};
  private static final Pattern TOKEN_LINE = Pattern.compile("(\\S.*)#\\d+\\t.*");
  private static final int SNIFFED = 1 << 16;

  private final Path file;
  private final DataOptions options;
  private final BadRecords bad;
  private final CaptionedPictures pictures;

  /** A table that is yet to be read. */
  CaptionTable(Path file, DataOptions options, BadRecords bad) {
    this.file = file;
    this.options = options;
    this.bad = bad;
    Path folder = CaptionedPictures.folderOf(file);
    List<Path> places = List.of(folder, folder.resolve("Images"), folder.resolve("images"));
    this.pictures = new CaptionedPictures(places, options, bad);
  }

  /**
   * The examples of a table in the order in which their pictures first appear, numbered from 0.
   *
   * @throws UserException when the file is missing, is not UTF-8, lacks a column, or a quote in it
   *     is never closed
   */
  static List<Example> index(Path file, DataOptions options, BadRecords bad) {
    CaptionTable table = new CaptionTable(file, options, bad);
    try {
      String header = firstLine(file);
      if (TOKEN_LINE.matcher(header).matches()) {
        table.readTokens();
      } else {
        table.readTable(header);
      }
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    }
    return table.pictures.examples();
  }

  /** Whether a file begins with the names of a column of pictures and one of captions. */
  static boolean isTable(Path file, DataOptions options) {
    String header = header(file);
    CaptionTable table = new CaptionTable(file, options, new BadRecords("", BadLimit.NONE));
    List<String> names = split(header, table.separator(header));
    return table.imageColumn(names) >= 0 && find(names, options.captionKey(), CAPTION_COLUMNS) >= 0;
  }

  /** Whether a file is one of Flickr's lists, {@code picture.jpg#2}, a tab, the caption. */
  static boolean isTokenList(Path file) {
    return TOKEN_LINE.matcher(header(file)).matches();
  }

  private static String header(Path file) {
    try {
      return firstLine(file);
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    }
  }

  /** The first line that is not empty. */
  static String firstLine(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(SNIFFED);
    }
    if (bytes.length >= 2 && (bytes[0] & 0xFF) + (bytes[1] & 0xFF) == 0xFF + 0xFE) {
      throw new UserException(file + ": is UTF-16 text; save it as UTF-8");
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    String header =
        text.lines()
            .map(s -> s.replace("\uFEFF", ""))
            .filter(s -> !s.isBlank())
            .findFirst()
            .orElse("");
    if (header.isEmpty()) {
      throw new UserException(
          file + ": is empty; expected a header line such as filepath,title and a row per picture");
    }
    return header;
  }

  /** Rows of the table from its first line on. */
  CsvReader open(char separator, boolean quoting) throws IOException {
    return new CsvReader(
        new InputStreamReader(
            Files.newInputStream(file),
            StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT)),
        separator,
        quoting);
  }

  private void readTokens() throws IOException {
    try (CsvReader reader = open('\t', false)) {
      for (List<String> row = next(reader); row != null; row = next(reader)) {
        int hash = row.getFirst().lastIndexOf('#');
        if (row.size() < 2 || hash < 1) {
          bad.add(BadReason.BAD_ROW, where(reader), "expected picture#number, a tab, the caption");
        } else {
          String caption = String.join(" ", row.subList(1, row.size()));
          pictures.add(where(reader), row.getFirst().substring(0, hash), caption);
        }
      }
    }
  }

  private void readTable(String headerLine) throws IOException {
    char separator = separator(headerLine);
    try (CsvReader reader = open(separator, true)) {
      List<String> names = names(reader);
      int image = column(names, options.imageKey(), IMAGE_COLUMNS, "pictures", "--csv-img-key");
      boolean captionless =
          !options.requireCaptions()
              && options.captionKey() == null
              && find(names, null, CAPTION_COLUMNS) < 0;
      int caption = captionless ? -1 : captionColumn(names);
      for (List<String> row = next(reader); row != null; row = next(reader)) {
        List<String> fields = fit(row, names.size(), caption, separator, where(reader));
        if (fields != null) {
          pictures.add(where(reader), fields.get(image), captionless ? "" : fields.get(caption));
        }
      }
    }
  }

  /** The names of the columns, from the first row. */
  List<String> names(CsvReader reader) {
    List<String> header = next(reader);
    return header == null ? List.of() : header.stream().map(String::strip).toList();
  }

  /**
   * The column of captions.
   *
   * @throws UserException if there is none
   */
  int captionColumn(List<String> names) {
    return column(names, options.captionKey(), CAPTION_COLUMNS, "captions", "--csv-caption-key");
  }

  /** The column of pictures, or −1. */
  int imageColumn(List<String> names) {
    return find(names, options.imageKey(), IMAGE_COLUMNS);
  }

  /** A row with as many fields as there are columns; null, and noted, if it has others. */
  @Nullable List<String> fit(
      List<String> row, int columns, int caption, char separator, String where) {
    int last = columns - 1;
    if (row.size() > columns && caption == last) {
      // A caption with unquoted separators at the end of the line: unmistakable, so take it.
      List<String> fitted = new ArrayList<>(row.subList(0, last));
      fitted.add(String.join(String.valueOf(separator), row.subList(last, row.size())));
      return fitted;
    }
    if (row.size() != columns) {
      bad.add(BadReason.BAD_ROW, where, "expected " + columns + " fields, found " + row.size());
      return null;
    }
    return row;
  }

  /** The next row; null at the end. */
  @Nullable List<String> next(CsvReader reader) {
    try {
      return reader.next();
    } catch (CharacterCodingException e) {
      throw new UserException(
          file + ": is not UTF-8 text after line " + reader.line() + "; save it as UTF-8", e);
    } catch (IOException e) {
      throw new UserException(file + ": " + e.getMessage(), e);
    }
  }

  private String where(CsvReader reader) {
    return file + ", line " + reader.rowLine();
  }

  /** The separator that gives the most of the wanted columns, then the most columns. */
  char separator(String headerLine) {
    Character given = options.separator();
    if (given != null) {
      return given;
    }
    char best = ',';
    int bestScore = -1;
    for (char candidate : SEPARATORS) {
      List<String> names = split(headerLine, candidate);
      int wanted =
          (find(names, options.imageKey(), IMAGE_COLUMNS) >= 0 ? 1 : 0)
              + (find(names, options.captionKey(), CAPTION_COLUMNS) >= 0 ? 1 : 0);
      int score = wanted * 10_000 + Math.min(9_999, names.size());
      if (score > bestScore) {
        bestScore = score;
        best = candidate;
      }
    }
    return best;
  }

  private static List<String> split(String headerLine, char separator) {
    List<String> names = new ArrayList<>();
    for (String name : headerLine.split(Pattern.quote(String.valueOf(separator)), -1)) {
      names.add(name.replace("\"", "").strip());
    }
    return names;
  }

  private static int find(List<String> names, @Nullable String key, List<String> usual) {
    if (key != null) {
      return names.indexOf(key);
    }
    List<String> lower = names.stream().map(n -> n.toLowerCase(Locale.ROOT)).toList();
    for (String name : usual) {
      int at = lower.indexOf(name);
      if (at >= 0) {
        return at;
      }
    }
    return -1;
  }

  private int column(
      List<String> names, @Nullable String key, List<String> usual, String what, String option) {
    int at = find(names, key, usual);
    if (at < 0) {
      throw new UserException(
          String.format(
              "%s: no column with the %s: expected %s, found the columns %s; name it with %s",
              file,
              what,
              key != null ? "\"" + key + "\"" : "one of " + String.join(", ", usual),
              names.stream().map(n -> "\"" + n + "\"").toList(),
              option));
    }
    return at;
  }
}
