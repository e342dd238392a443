package dev.diptych.clip.hub;

import dev.diptych.clip.UserException;
import dev.diptych.clip.report.ProgressLine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One file on its way. What has come is in a file beside the blob, {@code HASH.diptych.incomplete},
 * and stays there when the connection, the program or the machine goes down; the next try asks for
 * the rest. (Python has {@code HASH.incomplete} and a kind of lock that ours do not exclude, so the
 * two keep apart.) Only what has the right hash gets the blob's name.
 */
final class BlobDownload {
  private static final int CHUNK = 1 << 18;
  private static final Pattern RANGE =
      Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

  private final HubHttp http;
  private final RepoId repo;
  private final HubFile file;
  private final String address;
  private final String what;
  private final Path part;
  private final ProgressLine progress;

  /** What the store called the content at the last try; null if nothing that can be relied on. */
  private @Nullable String storeEtag;

  BlobDownload(
      HubHttp http, RepoId repo, String commit, HubFile file, Path blob, ProgressLine progress) {
    this.http = http;
    this.repo = repo;
    this.file = file;
    StringBuilder encoded = new StringBuilder("/" + repo + "/resolve/" + commit);
    for (String name : file.path().split("/", -1)) {
      encoded.append('/').append(HubApi.encode(name));
    }
    this.address = encoded.toString();
    this.what = repo + ": " + file.path();
    this.part = blob.resolveSibling(blob.getFileName() + ".diptych.incomplete");
    this.progress = progress;
  }

  /**
   * Fetches what is missing and gives it the name {@code blob}.
   *
   * @throws UserException if it cannot be had, or is not what the list promised
   */
  void fetch(Path blob, Retries.Sleeper sleeper) throws IOException {
    Retries retries = new Retries(what, sleeper);
    long furthest = have();
    progress.startAt(furthest);
    checkSpace(furthest);
    for (int wrong = 0; ; ) {
      try {
        transfer();
      } catch (IOException e) {
        long have = have();
        if (have > furthest) { // not merely once more to where it was
          furthest = have;
          retries.gained();
        }
        retries.failed(e);
        continue;
      }
      String found = hash();
      if (found.equals(file.etag())) {
        Files.move(part, blob, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        return;
      }
      startAgain();
      if (++wrong == 2) {
        throw new UserException(
            "%s: came twice with a wrong content: expected %s %s, found %s; nothing was kept"
                .formatted(
                    what, file.sha256() != null ? "sha256" : "git hash", file.etag(), found));
      }
      progress.say(what + ": has a wrong hash, fetching it again");
    }
  }

  private long have() throws IOException {
    return Files.exists(part) ? Files.size(part) : 0;
  }

  private void startAgain() throws IOException {
    progress.add(-have());
    Files.deleteIfExists(part);
  }

  private void checkSpace(long have) throws IOException {
    long free = Files.getFileStore(part.toAbsolutePath().getParent()).getUsableSpace();
    if (free > 0 && free < file.size() - have) {
      throw new UserException(
          "%s: %s are missing on the disk of %s: %s are needed, %s are free; another cache is named by --cache or HF_HOME"
              .formatted(
                  what,
                  ProgressLine.byteCount(file.size() - have - free),
                  part.getParent(),
                  ProgressLine.byteCount(file.size() - have),
                  ProgressLine.byteCount(free)));
    }
  }

  /** Brings the part to its full length, or throws why not; then it is as long as it got. */
  private void transfer() throws IOException {
    if (have() > file.size()) {
      startAgain();
    }
    long have = have();
    if (have == file.size() && file.size() > 0) {
      return;
    }
    Map<String, String> headers = new HashMap<>();
    headers.put("Accept-Encoding", "identity"); // lengths and ranges are of the file itself
    if (have > 0) {
      headers.put("Range", "bytes=" + have + "-");
      if (storeEtag != null) {
        headers.put("If-Range", storeEtag);
      }
    }
    try (HubHttp.Reply reply = http.get(address, headers, repo, what)) {
      checkUnchanged(reply);
      long begin = begin(reply, have);
      String etag = reply.header("ETag").orElse("");
      if (begin > 0 && storeEtag != null && !etag.isEmpty() && !etag.equals(storeEtag)) {
        startAgain();
        storeEtag = null;
        throw new IOException("the file was changed on the server meanwhile");
      }
      storeEtag = etag.startsWith("\"") ? etag : null; // weak ones do not promise equal bytes
      long promised =
          reply.headers().firstValueAsLong("Content-Length").orElse(file.size() - begin);
      if (promised != file.size() - begin) {
        throw new IOException(
            "the server promises %,d bytes where the list says %,d"
                .formatted(promised, file.size() - begin));
      }
      copy(reply.body(), begin);
    }
  }

  /** A commit never changes; if its file does, the hub or something in between is at fault. */
  private void checkUnchanged(HubHttp.Reply reply) {
    String linked = reply.linkedEtag();
    if (linked != null && linked.length() == file.etag().length() && !linked.equals(file.etag())) {
      throw new UserException(
          "%s: the hub now has another content (%s) than its list says (%s): pull again"
              .formatted(what, HubFile.printable(linked), file.etag()));
    }
  }

  /** Where the body of an answer belongs. */
  private long begin(HubHttp.Reply reply, long have) throws IOException {
    if (reply.status() == 200) {
      return 0; // the whole file, asked for or not
    }
    Matcher range = RANGE.matcher(reply.header("Content-Range").orElse(""));
    if (reply.status() == 206
        && range.matches()
        && Long.parseLong(range.group(1)) == have
        && (range.group(3).equals("*") || Long.parseLong(range.group(3)) == file.size())) {
      return have;
    }
    startAgain();
    throw new IOException("the server gives another part of the file than was asked for");
  }

  private void copy(InputStream body, long begin) throws IOException {
    long position = begin;
    try (FileChannel channel = open(begin)) {
      byte[] chunk = new byte[CHUNK];
      while (true) {
        int count = body.read(chunk, 0, (int) Math.min(CHUNK, Math.max(1, file.size() - position)));
        if (count < 0) {
          break;
        }
        if (position + count > file.size()) {
          channel.truncate(0);
          progress.add(-position);
          throw new IOException(
              "the server sends more than the promised %,d bytes".formatted(file.size()));
        }
        write(channel, ByteBuffer.wrap(chunk, 0, count));
        position += count;
        progress.add(count);
      }
      channel.force(true);
    }
    if (position < file.size()) {
      throw new IOException(
          "the connection ended after %,d of %,d bytes".formatted(position, file.size()));
    }
  }

  private FileChannel open(long begin) throws IOException {
    progress.add(begin - have());
    try {
      FileChannel channel =
          FileChannel.open(part, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      channel.truncate(begin).position(begin);
      return channel;
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  /** A disk that is full is not the server's fault: no other try. */
  private void write(FileChannel channel, ByteBuffer bytes) {
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException e) {
      throw unwritable(e);
    }
  }

  private UserException unwritable(IOException e) {
    return new UserException(
        "%s cannot be written: %s; what is there is kept".formatted(part, UserException.reason(e)),
        e);
  }

  /** SHA-256 of the content, or git's SHA-1 of {@code "blob " + size + "\0" + content}. */
  private String hash() throws IOException {
    MessageDigest digest = digest(file.sha256() != null ? "SHA-256" : "SHA-1");
    if (file.sha256() == null) {
      digest.update(("blob " + file.size() + "\0").getBytes(StandardCharsets.US_ASCII));
    }
    try (InputStream in = Files.newInputStream(part)) {
      byte[] chunk = new byte[CHUNK];
      for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
        digest.update(chunk, 0, count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static MessageDigest digest(String name) {
    try {
      return MessageDigest.getInstance(name);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java machine has " + name, e);
    }
  }
}
