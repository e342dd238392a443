package dev.diptych.clip.cli;

import dev.diptych.clip.UserException;
import dev.diptych.clip.tokenizer.Tokenizer;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code diptych tokenize}: texts to ids, line by line. */
@Command(
    name = "tokenize",
    mixinStandardHelpOptions = true,
    description =
        "Reads {\"text\": ...} lines and writes {\"ids\": [...]} lines, without start and end"
            + " token.")
public final class TokenizeCommand implements Callable<Integer> {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  @Option(
      names = "--vocab",
      required = true,
      paramLabel = "PATH",
      description =
          "bpe_simple_vocab_16e6.txt.gz, vocab.json beside merges.txt, or a model's directory.")
  private Path vocabulary = Path.of("");

  @Option(
      names = "--input",
      required = true,
      paramLabel = "FILE",
      description = "JSON lines with a text each; - for standard input.")
  private Path input = Path.of("");

  @Option(names = "--output", paramLabel = "FILE", description = "Default: standard output.")
  private @Nullable Path output;

  /** A command whose options are yet to be read. */
  public TokenizeCommand() {}

  /**
   * Tokenizes all lines.
   *
   * @return 0
   * @throws UserException if a file cannot be read or written, or a line holds no text
   */
  @Override
  public Integer call() {
    Tokenizer tokenizer = Tokenizer.load(vocabulary);
    try (InputStream in = open()) {
      Path target = output;
      if (target == null) {
        OutputStream out = new BufferedOutputStream(System.out);
        tokenize(tokenizer, in, out);
        out.flush();
      } else {
        Path temporary = target.resolveSibling(target.getFileName() + ".tmp");
        try {
          try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(temporary))) {
            tokenize(tokenizer, in, out);
          }
          Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
        } finally {
          Files.deleteIfExists(temporary);
        }
      }
    } catch (NoSuchFileException e) {
      throw new UserException("%s: no such file or directory.".formatted(e.getFile()), e);
    } catch (IOException e) {
      throw new UserException("tokenize: reading or writing failed: " + UserException.reason(e), e);
    }
    return 0;
  }

  private InputStream open() throws IOException {
    return new BufferedInputStream(
        input.toString().equals("-") ? System.in : Files.newInputStream(input));
  }

  private void tokenize(Tokenizer tokenizer, InputStream in, OutputStream out) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    int number = 0;
    while (readLine(in, line)) {
      number++;
      int[] ids = tokenizer.encode(text(line.toByteArray(), number));
      StringBuilder written = new StringBuilder("{\"ids\":[");
      for (int i = 0; i < ids.length; i++) {
        if (i > 0) {
          written.append(',');
        }
        written.append(ids[i]);
      }
      out.write(written.append("]}\n").toString().getBytes(StandardCharsets.US_ASCII));
    }
  }

  /** Lines stay bytes, so that the reader of JSON sees, and can name, what is no UTF-8. */
  private static boolean readLine(InputStream in, ByteArrayOutputStream line) throws IOException {
    line.reset();
    int b = in.read();
    if (b < 0) {
      return false;
    }
    while (b >= 0 && b != '\n') {
      line.write(b);
      b = in.read();
    }
    return true;
  }

  private String text(byte[] line, int number) {
    JsonNode root;
    try {
      root = JSON.readTree(line);
    } catch (JacksonException e) {
      throw new UserException(
          "%s, line %d: expected a JSON object such as {\"text\": \"a dog\"}, found %s. (%s)"
              .formatted(input, number, shown(line), e.getOriginalMessage()),
          e);
    }
    JsonNode text = root.path("text");
    if (!text.isString()) {
      throw new UserException(
          "%s, line %d: expected a JSON object with a string \"text\", such as {\"text\": \"a dog\"}, found %s."
              .formatted(input, number, shown(line)));
    }
    return text.asString();
  }

  private static String shown(byte[] line) {
    String text = new String(line, StandardCharsets.UTF_8).strip();
    if (text.isEmpty()) {
      return "an empty line";
    }
    return text.codePointCount(0, text.length()) <= 80
        ? text
        : text.substring(0, text.offsetByCodePoints(0, 80)) + "…";
  }
}
