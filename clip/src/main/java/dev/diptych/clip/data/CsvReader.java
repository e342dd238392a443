package dev.diptych.clip.data;

import java.io.IOException;
import java.io.PushbackReader;
import java.io.Reader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows of separated fields after RFC 4180: a field in double quotes may hold separators, line
 * breaks and quotes written twice; lines end in LF, CRLF or CR. Looser where real files are: a
 * quote in the middle of an unquoted field is a character like any other, what follows a closing
 * quote belongs to the field, and a byte-order mark is passed over. Empty lines are no rows.
 */
final class CsvReader implements AutoCloseable {
  /** A quoted field longer than this is a quote that was never closed. */
  private static final int MAX_FIELD = 1 << 20;

  /** More fields than this are no row of a table that anybody made. */
  private static final int MAX_FIELDS = 1 << 16;

  private final PushbackReader in;
  private final char separator;
  private final boolean quoting;
  private long line = 1;
  private long rowLine = 1;

  /**
   * Reads from {@code in}.
   *
   * @param quoting whether double quotes quote; off for formats without quoting
   */
  CsvReader(Reader in, char separator, boolean quoting) throws IOException {
    this.in = new PushbackReader(in, 2);
    this.separator = separator;
    this.quoting = quoting;
    int first = this.in.read();
    if (first >= 0 && first != '\uFEFF') {
      this.in.unread(first);
    }
  }

  /** The line, from 1 on, on which the row read last begins. */
  long rowLine() {
    return rowLine;
  }

  /** The line that is being read. */
  long line() {
    return line;
  }

  /**
   * The fields of the next row; null at the end.
   *
   * @throws UnclosedQuoteException when a quoted field does not end
   * @throws IOException also when a field, or the row, is longer than any that makes sense
   */
  @Nullable List<String> next() throws IOException {
    int c;
    do {
      rowLine = line;
      c = read();
      if (c < 0) {
        return null;
      }
    } while (c == '\n');
    unread(c);
    List<String> fields = new ArrayList<>();
    StringBuilder field = new StringBuilder();
    while (true) {
      int end = readField(field);
      fields.add(field.toString());
      field.setLength(0);
      if (end != separator) {
        return fields;
      }
      if (fields.size() == MAX_FIELDS) {
        throw new IOException("line " + rowLine + " has more than " + MAX_FIELDS + " fields");
      }
    }
  }

  /** Reads a field and returns what ended it: the separator, a line feed, or −1. */
  private int readField(StringBuilder field) throws IOException {
    int c = read();
    if (quoting && c == '"') {
      readQuoted(field);
      c = read();
    }
    while (c >= 0 && c != separator && c != '\n') {
      if (field.length() > MAX_FIELD) {
        throw new IOException(
            "line " + line + " has a field of more than " + MAX_FIELD + " characters");
      }
      field.append((char) c);
      c = read();
    }
    return c;
  }

  private void readQuoted(StringBuilder field) throws IOException {
    long opened = line;
    while (true) {
      int c = read();
      if (c < 0 || field.length() > MAX_FIELD) {
        throw new UnclosedQuoteException(opened);
      }
      if (c == '"') {
        int after = read();
        if (after != '"') {
          unread(after);
          return;
        }
      }
      field.append((char) c);
    }
  }

  /** The next character, with CRLF and CR read as LF. */
  private int read() throws IOException {
    int c = in.read();
    if (c == '\r') {
      int after = in.read();
      if (after >= 0 && after != '\n') {
        in.unread(after);
      }
      c = '\n';
    }
    if (c == '\n') {
      line++;
    }
    return c;
  }

  private void unread(int c) throws IOException {
    if (c >= 0) {
      in.unread(c);
      line -= c == '\n' ? 1 : 0;
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** A quote that opens on a line and is never closed. */
  static final class UnclosedQuoteException extends IOException {
    private static final long serialVersionUID = 1;

    UnclosedQuoteException(long line) {
      super("the quote that opens on line " + line + " is never closed");
    }
  }
}
