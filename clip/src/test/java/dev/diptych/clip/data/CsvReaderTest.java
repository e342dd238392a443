package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class CsvReaderTest {
  private static List<List<String>> rows(String text, char separator) throws IOException {
    List<List<String>> rows = new ArrayList<>();
    try (CsvReader reader = new CsvReader(new StringReader(text), separator, true)) {
      for (List<String> row = reader.next(); row != null; row = reader.next()) {
        rows.add(row);
      }
    }
    return rows;
  }

  @Test
  void readsQuotesBreaksAndEveryLineEnd() throws IOException {
    assertThat(rows("a,b\nc,d", ',')).containsExactly(List.of("a", "b"), List.of("c", "d"));
    assertThat(rows("a,b\r\nc,d\r\n", ',')).containsExactly(List.of("a", "b"), List.of("c", "d"));
    assertThat(rows("a\rb\r", ',')).containsExactly(List.of("a"), List.of("b"));
    assertThat(rows("\"a\"\rb", ',')).containsExactly(List.of("a"), List.of("b"));
    assertThat(rows("\uFEFF\"a\",b", ',')).containsExactly(List.of("a", "b"));
    assertThat(rows("\"x, y\",\"say \"\"hi\"\"\"\n", ','))
        .containsExactly(List.of("x, y", "say \"hi\""));
    assertThat(rows("\"two\r\nlines\",z", ',')).containsExactly(List.of("two\nlines", "z"));
    assertThat(rows("a,,\n\n\n,b\n", ',')).containsExactly(List.of("a", "", ""), List.of("", "b"));
    assertThat(rows("5\" disc,\"a\" b", ',')).containsExactly(List.of("5\" disc", "a b"));
    assertThat(rows("a\tb,c", '\t')).containsExactly(List.of("a", "b,c"));
    assertThat(rows("", ',')).isEmpty();
    assertThat(rows("\n\r\n", ',')).isEmpty();
  }

  @Test
  void namesTheLineOfAQuoteThatIsNeverClosed() {
    assertThatThrownBy(() -> rows("a\nb,\"c\nd\ne", ','))
        .isInstanceOf(CsvReader.UnclosedQuoteException.class)
        .hasMessageContaining("line 2");
  }

  @Test
  void countsLinesAcrossQuotedBreaks() throws IOException {
    try (CsvReader reader = new CsvReader(new StringReader("h\n\"a\nb\"\nc\n\nd"), ',', true)) {
      List<Long> lines = new ArrayList<>();
      while (reader.next() != null) {
        lines.add(reader.rowLine());
      }
      assertThat(lines).containsExactly(1L, 2L, 4L, 6L);
    }
  }

  @Property(tries = 200)
  void readsBackWhatIsWritten(@ForAll("tables") List<List<String>> table) throws IOException {
    StringBuilder text = new StringBuilder();
    for (List<String> row : table) {
      for (int i = 0; i < row.size(); i++) {
        text.append(i == 0 ? "" : ";").append('"').append(row.get(i).replace("\"", "\"\""));
        text.append('"');
      }
      text.append("\r\n");
    }
    assertThat(rows(text.toString(), ';')).isEqualTo(table);
  }

  @Provide
  Arbitrary<List<List<String>>> tables() {
    return Arbitraries.strings()
        .withChars("ab;,\" \n\té犬")
        .ofMaxLength(8)
        .list()
        .ofMinSize(1)
        .ofMaxSize(4)
        .list()
        .ofMaxSize(5);
  }
}
