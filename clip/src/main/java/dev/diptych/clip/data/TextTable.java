package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** The texts in a column of a table, row by row; whether there are pictures does not matter. */
final class TextTable implements Texts {
  private final Path file;
  private final BadRecords bad;
  private final CaptionTable table;
  private final CsvReader reader;
  private final char separator;
  private final int columns;
  private final int textColumn;
  private final int imageColumn;
  private @Nullable Text next;

  private TextTable(Path file, BadRecords bad, CaptionTable table, char separator)
      throws IOException {
    this.file = file;
    this.bad = bad;
    this.table = table;
    this.separator = separator;
    this.reader = table.open(separator, true);
    try {
      List<String> names = table.names(reader);
      this.columns = names.size();
      this.textColumn = table.captionColumn(names);
      this.imageColumn = table.imageColumn(names);
    } catch (UserException e) {
      reader.close();
      throw e;
    }
  }

  /**
   * The texts of a table.
   *
   * @throws UserException when there is no such file or column
   */
  static TextTable open(Path file, DataOptions options, BadRecords bad) {
    CaptionTable table = new CaptionTable(file, options, bad);
    try {
      char separator = table.separator(CaptionTable.firstLine(file));
      return new TextTable(file, bad, table, separator);
    } catch (IOException e) {
      throw TarShard.unreadable(file, e);
    }
  }

  @Override
  public boolean hasNext() {
    while (next == null) {
      List<String> row = table.next(reader);
      if (row == null) {
        return false;
      }
      String key = file + ":" + reader.rowLine();
      List<String> fields = table.fit(row, columns, textColumn, separator, key);
      if (fields == null) {
        continue;
      }
      String text = fields.get(textColumn).strip();
      if (text.isEmpty()) {
        bad.add(BadReason.EMPTY_CAPTION, key, "");
      } else {
        next = new Text(key, text, imageColumn < 0 ? null : fields.get(imageColumn).strip());
      }
    }
    return true;
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

  @Override
  public void close() {
    try {
      reader.close();
    } catch (IOException e) { // nothing was written that could be lost
      System.getLogger(TextTable.class.getName())
          .log(System.Logger.Level.DEBUG, "closing {0}: {1}", file, e);
    }
  }
}
