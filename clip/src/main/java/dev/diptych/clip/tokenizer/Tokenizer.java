package dev.diptych.clip.tokenizer;

import dev.diptych.clip.UserException;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * CLIP's tokenizer: text to ids and back, id for id as OpenAI's {@code SimpleTokenizer}. Safe for
 * use by many threads.
 */
public final class Tokenizer {
  private static final int SHOWN_CHARACTERS = 60;

  private final Vocabulary vocabulary;
  private final WordEncoder words;
  private final byte[][] bytes;
  private final int start;
  private final int end;

  Tokenizer(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    this.words = new WordEncoder(vocabulary);
    this.bytes = new byte[vocabulary.size()][];
    for (int id = 0; id < bytes.length; id++) {
      bytes[id] = ByteAlphabet.bytes(vocabulary.token(id));
    }
    this.start = vocabulary.id(WordSplitter.START);
    this.end = vocabulary.id(WordSplitter.END);
  }

  /**
   * Reads a vocabulary.
   *
   * @param path CLIP's list of merges ({@code bpe_simple_vocab_16e6.txt.gz}, or unpacked), a {@code
   *     vocab.json} with {@code merges.txt} beside it, a {@code tokenizer.json}, or a directory
   *     that holds any of these, such as a Hugging Face model or one of our runs
   * @throws UserException if there is none, or it is damaged, or its parts do not belong together
   */
  public static Tokenizer load(Path path) {
    return new Tokenizer(VocabularyFiles.read(path));
  }

  /**
   * Writes {@code vocab.json} and {@code merges.txt} as Hugging Face lays them out; each file is
   * whole or not there, whatever happens meanwhile.
   *
   * @throws UserException if the directory cannot be written
   */
  public void save(Path directory) {
    VocabularyFiles.write(vocabulary, directory);
  }

  /** The text that is cut into tokens: repaired, without HTML entities, in lower case. */
  public static String clean(String text) {
    return TextCleaner.clean(text);
  }

  /** The ids of a text's tokens, without start and end token. */
  public int[] encode(String text) {
    Ids ids = new Ids();
    WordSplitter.split(
        TextCleaner.clean(text),
        word -> {
          switch (word) {
            case WordSplitter.START -> ids.add(start);
            case WordSplitter.END -> ids.add(end);
            default -> ids.addAll(words.encode(word));
          }
        });
    return ids.toArray();
  }

  /**
   * The text that ids stand for, with a space after each word; bytes that are no UTF-8 become
   * U+FFFD.
   *
   * @throws IllegalArgumentException if an id is not in the vocabulary
   */
  public String decode(int[] ids) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(4 * ids.length);
    for (int i = 0; i < ids.length; i++) {
      if (ids[i] < 0 || ids[i] >= bytes.length) {
        throw new IllegalArgumentException(
            "decode: id %d at position %d is not in the vocabulary, whose ids are 0 to %d"
                .formatted(ids[i], i, bytes.length - 1));
      }
      out.writeBytes(bytes[ids[i]]);
    }
    return Utf8.decodeLeniently(out.toByteArray()).replace(ByteAlphabet.WORD_END, " ");
  }

  /**
   * The text between start and end token, padded with zeros.
   *
   * @param contextLength number of tokens that the model reads, T; 77 in OpenAI's models
   * @throws UserException if the text is too long and may not be cut
   */
  public TokenizedText tokenize(String text, int contextLength, Truncation truncation) {
    if (contextLength < 2) {
      throw new IllegalArgumentException(
          "tokenize: the context length must be at least 2, for start and end token, got "
              + contextLength);
    }
    int[] ids = encode(text);
    int kept = Math.min(ids.length, contextLength - 2);
    if (kept < ids.length && truncation == Truncation.REFUSE) {
      throw new UserException(
          "The text has %d tokens with start and end token, the model reads at most %d: %d too many. Shorten the text or allow it to be cut. Text: \"%s\""
              .formatted(ids.length + 2, contextLength, ids.length - kept, shown(text)));
    }
    int[] tokens = new int[contextLength];
    tokens[0] = start;
    System.arraycopy(ids, 0, tokens, 1, kept);
    tokens[kept + 1] = end;
    return new TokenizedText(tokens, kept + 2, ids.length - kept);
  }

  /** Id of the token before every text. */
  public int startToken() {
    return start;
  }

  /** Id of the token after every text. */
  public int endToken() {
    return end;
  }

  /** Number of tokens; ids are from 0 to one less. */
  public int size() {
    return bytes.length;
  }

  private static String shown(String text) {
    if (text.codePointCount(0, text.length()) <= SHOWN_CHARACTERS) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, SHOWN_CHARACTERS)) + "…";
  }

  /** A growing list of ids without boxes. */
  private static final class Ids {
    private int[] ids = new int[32];
    private int count;

    void add(int id) {
      reserve(1);
      ids[count++] = id;
    }

    void addAll(int[] more) {
      reserve(more.length);
      System.arraycopy(more, 0, ids, count, more.length);
      count += more.length;
    }

    int[] toArray() {
      return Arrays.copyOf(ids, count);
    }

    private void reserve(int more) {
      if (count + more > ids.length) {
        ids = Arrays.copyOf(ids, Math.max(2 * ids.length, count + more));
      }
    }
  }
}
