package dev.diptych.clip.tokenizer;

import java.util.function.Consumer;

/**
 * Cuts cleaned text into words, of which each is encoded on its own.
 *
 * <p>It does by hand what CLIP does with the pattern {@code
 * <\|startoftext\|>|<\|endoftext\|>|'s|'t| 're|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+}
 * without regard to case: runs of letters, single digits, runs of other characters, English endings
 * after an apostrophe, and the names of the special tokens. In lower-case text the only character
 * that differs from the pattern's and still matches is the long s.
 */
final class WordSplitter {
  /** Token before every text. */
  static final String START = "<|startoftext|>";

  /** Token after every text, at which the text tower reads its result. */
  static final String END = "<|endoftext|>";

  private static final String[] ENDINGS = {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
  private static final char LONG_S = 'ſ';
  private static final char COMBINING_IOTA = '\u0345';

  private WordSplitter() {}

  /** Hands each word of the text to {@code word}, in order. */
  static void split(String text, Consumer<String> word) {
    int start = 0;
    while (start < text.length()) {
      int end = wordEnd(text, start);
      if (end > start) {
        word.accept(text.substring(start, end));
        start = end;
      } else {
        start++;
      }
    }
  }

  /** The end of the word at {@code start}; {@code start} itself where none begins. */
  private static int wordEnd(String text, int start) {
    int fixed = fixedWordEnd(text, start);
    if (fixed > start) {
      return fixed;
    }
    int c = text.codePointAt(start);
    int end = start + Character.charCount(c);
    if (Character.isLetter(c)) {
      while (end < text.length() && Character.isLetter(text.codePointAt(end))) {
        end += Character.charCount(text.codePointAt(end));
      }
      return end;
    }
    if (isNumber(c)) {
      return end;
    }
    if (isSkipped(c)) {
      return start;
    }
    while (end < text.length() && isOther(text.codePointAt(end))) {
      end += Character.charCount(text.codePointAt(end));
    }
    return end;
  }

  /** The end of the special token or English ending at {@code start}; {@code start} if none. */
  private static int fixedWordEnd(String text, int start) {
    char first = text.charAt(start);
    if (first == '<') {
      if (matches(text, start, START)) {
        return start + START.length();
      }
      if (matches(text, start, END)) {
        return start + END.length();
      }
    } else if (first == '\'') {
      for (String ending : ENDINGS) {
        if (matches(text, start, ending)) {
          return start + ending.length();
        }
      }
    }
    return start;
  }

  private static boolean matches(String text, int start, String expected) {
    if (text.length() - start < expected.length()) {
      return false;
    }
    for (int i = 0; i < expected.length(); i++) {
      char c = text.charAt(start + i);
      char e = expected.charAt(i);
      if (c != e && !(c == LONG_S && e == 's')) {
        return false;
      }
    }
    return true;
  }

  private static boolean isOther(int c) {
    return !Character.isLetter(c) && !isNumber(c) && !isSkipped(c);
  }

  /**
   * White space, and U+0345 besides: its capital is a letter, so that without regard to case it is
   * neither a letter nor something else, and CLIP leaves it out.
   */
  private static boolean isSkipped(int c) {
    return c == COMBINING_IOTA || TextCleaner.isSpace(c);
  }

  private static boolean isNumber(int c) {
    return switch (Character.getType(c)) {
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> true;
      default -> false;
    };
  }
}
