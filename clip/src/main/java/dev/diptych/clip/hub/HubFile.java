package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of a model on a hub, as its list says.
 *
 * @param path inside the model, with slashes
 * @param size in bytes
 * @param gitOid SHA-1 of git's blob; that of the pointer if the file is a large one
 * @param sha256 SHA-256 of a large file (git LFS), or null
 */
record HubFile(String path, long size, String gitOid, @Nullable String sha256) {
  private static final Pattern SHA1 = Pattern.compile("[0-9a-f]{40}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final Pattern FORBIDDEN = Pattern.compile("[\\\\:\\p{Cntrl}]");

  /** A server writes these into our paths: nothing is believed. */
  HubFile {
    String[] parts = path.split("/", -1);
    boolean safe = path.length() <= 1000 && !FORBIDDEN.matcher(path).find();
    for (String part : parts) {
      safe &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
    }
    if (!safe) {
      throw new UserException(
          "the hub lists a file '%s' whose name leaves its folder: nothing was downloaded"
              .formatted(printable(path)));
    }
    if (!isCommit(gitOid) || (sha256 != null && !SHA256.matcher(sha256).matches())) {
      throw new UserException(
          "the hub lists %s with no hash of git's: nothing was downloaded".formatted(path));
    }
    if (size < 0) {
      throw new UserException("the hub lists %s with %d bytes".formatted(path, size));
    }
  }

  /** The name of its content: SHA-256 of a large file, SHA-1 of git's blob otherwise. */
  String etag() {
    return sha256 != null ? sha256 : gitOid;
  }

  static boolean isCommit(String text) {
    return SHA1.matcher(text).matches();
  }

  /** What a server said, harmless for a terminal. */
  static String printable(String text) {
    String clean = text.replaceAll("\\p{Cntrl}", "?");
    return clean.length() > 300 ? clean.substring(0, 300) + "…" : clean;
  }
}
