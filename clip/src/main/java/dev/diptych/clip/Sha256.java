package dev.diptych.clip;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** SHA-256 of what is added piece by piece: tells a model, or a list of texts, from any other. */
public final class Sha256 {
  private final MessageDigest digest;

  /** The hash of nothing yet. */
  public Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  /** The hash of lines of text, as {@code sha256sum} gives it for a file of them in UTF-8. */
  public static String ofLines(Iterable<String> lines) {
    Sha256 hash = new Sha256();
    lines.forEach(hash::addLine);
    return hash.hex();
  }

  /** Adds a text in UTF-8 and a line break. */
  public void addLine(String line) {
    add(line);
    digest.update((byte) '\n');
  }

  /** Adds a text in UTF-8. */
  public void add(String text) {
    digest.update(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds the bytes that remain in {@code bytes}, and reads them. */
  public void add(ByteBuffer bytes) {
    digest.update(bytes);
  }

  /** The hash as 64 hexadecimal digits; begins anew. */
  public String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
