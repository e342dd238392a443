package dev.diptych.clip.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextCleanerTest {
  @ParameterizedTest
  @ValueSource(strings = {"ISO-8859-1", "windows-1252", "windows-1251", "windows-1254", "IBM437"})
  void readingUtf8WronglyIsUndone(String encoding) {
    String text = "don't – größere “prices”: 5 €, naïve café à la carte";
    Charset wrong = Charset.forName(encoding);
    String mojibake = new String(text.getBytes(StandardCharsets.UTF_8), wrong);
    if (mojibake.indexOf('\ufffd') < 0) {
      assertThat(mojibake).isNotEqualTo(text);
      assertThat(TextCleaner.clean(mojibake))
          .isEqualTo("don't – größere \"prices\": 5 €, naïve café à la carte");
    } else {
      // Bytes without a character are lost; what is left must not become worse.
      assertThat(TextCleaner.clean(mojibake)).contains("don't", "ö", "ï").doesNotContain("Ã");
    }
  }

  @Test
  void twiceWrongIsUndoneTwice() {
    String once = new String("schön".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    String twice = new String(once.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    assertThat(TextCleaner.clean(twice)).isEqualTo("schön");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "größe und maß",
        "schema русского кафе",
        "ελληνικός καφές",
        "日本語の字幕",
        "l'été à paris",
        "naïve café",
        "2 × 3 ± 1",
        "über 100 °c",
        "\ud83d\ude00 ok",
        "çok güzel",
        "š č ž"
      })
  void soundTextStays(String text) {
    assertThat(TextCleaner.clean(text)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "&amp;amp;, &",
    "&notit;, ¬it;",
    "&lt, <",
    "&#233;&#xe9;, éé",
    "&#128;, €",
    "&#1;x, x",
    "&#0;, \ufffd",
    "&#99999999999999999999;, \ufffd",
    "&nosuch;, &nosuch;",
    "&, &",
    "&#;, &#;",
    "&#x;, &#x;",
    "&EACUTE;, é",
    "<b>&eacute;, <b>é"
  })
  void entities(String text, String expected) {
    assertThat(TextCleaner.clean(text)).isEqualTo(expected);
  }

  @Test
  void whiteSpaceAndControls() {
    assertThat(TextCleaner.clean(" \t a\u00a0\u2003b\r\nc\u3000 ")).isEqualTo("a b c");
    assertThat(TextCleaner.clean("\ufeffa\u0000b\u001b[31mc\u007f")).isEqualTo("abc");
    assertThat(TextCleaner.clean("\ud800x")).isEqualTo("\ufffdx");
    assertThat(TextCleaner.clean(" \n ")).isEmpty();
    assertThat(TextCleaner.clean("")).isEmpty();
  }

  @Test
  void ligaturesWidthsAndQuotes() {
    assertThat(TextCleaner.clean("ﬁne ＡＢＣ ｶﾞ ‘a’ “b” cafe\u0301"))
        .isEqualTo("fine abc ガ 'a' \"b\" café");
  }

  @Test
  void lowerCaseOfSigmaAndDottedI() {
    assertThat(TextCleaner.clean("ΟΔΟΣ ΣΑΣ' ΑΣ.Α Σ")).isEqualTo("οδος σας' ασ.α σ");
    assertThat(TextCleaner.clean("İSTANBUL")).isEqualTo("i\u0307stanbul");
  }
}
