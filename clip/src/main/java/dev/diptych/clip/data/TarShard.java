package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.archivers.tar.TarUtils;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One WebDataset shard: a tar whose members {@code dog/17.jpg}, {@code dog/17.txt}, {@code
 * dog/17.json} make up the example {@code dog/17}. The name of an example ends at the first dot of
 * the file name; what follows is the member's key. Members of one example need not stand side by
 * side. Pictures are not read here, only found; nothing is ever unpacked to disk, so the names are
 * names and no paths.
 */
final class TarShard {
  /** Endings of pictures, in lower case. */
  static final Set<String> PICTURE_KEYS = Set.of("png", "jpg", "jpeg", "webp", "bmp", "gif");

  private static final int MAX_TEXT = 1 << 20;
  private static final int RECORD = 512;

  /** Types of the headers that only announce the next one: a long name, or fields of pax. */
  private static final String ANNOUNCEMENTS = "LKxXg";

  private static final int MAX_ANNOUNCEMENTS = 16;
  private static final int TYPE_AT = 156;
  private static final int SIZE_AT = 124;
  private static final int SIZE_LENGTH = 12;
  private static final JsonMapper JSON = new JsonMapper();

  private final Path file;
  private final DataOptions options;
  private final BadRecords bad;
  private final Map<String, Members> groups = new LinkedHashMap<>();

  private TarShard(Path file, DataOptions options, BadRecords bad) {
    this.file = file;
    this.options = options;
    this.bad = bad;
  }

  /**
   * The examples of a shard in the order of their first members, numbered from 0.
   *
   * @throws UserException when the file is missing, cannot be read, or is no tar
   */
  static List<Example> index(Path file, DataOptions options, BadRecords bad) {
    TarShard shard = new TarShard(file, options, bad);
    try (SeekableInput input = new SeekableInput(file)) {
      shard.walk(input);
    } catch (IOException e) {
      throw unreadable(file, e);
    }
    return shard.examples();
  }

  static UserException unreadable(Path file, IOException e) {
    String why = Files.exists(file) ? "cannot be read: " + e.getMessage() : "there is no such file";
    return new UserException(file + ": " + why + "; check the path given to --data", e);
  }

  private void walk(SeekableInput input) throws IOException {
    refuseOtherFormats(input);
    TarArchiveInputStream tar = new TarArchiveInputStream(input, StandardCharsets.UTF_8.name());
    int members = 0;
    long nextHeader = 0;
    while (true) {
      long header = input.position();
      TarArchiveEntry entry;
      try {
        checkAnnouncements(input, nextHeader);
        entry = tar.getNextEntry();
        if (entry != null && !entry.isCheckSumOK()) {
          throw new IOException("the check sum of the header is wrong");
        }
      } catch (IOException | RuntimeException e) { // commons-compress lets some of these through
        if (members == 0) {
          throw noTar(e.getMessage(), e);
        }
        damaged("after " + members + " members, at byte " + header + ": " + e.getMessage());
        return;
      }
      if (entry == null) {
        boolean ended = endsInZeros(input);
        if (!ended && members == 0) {
          throw noTar("it ends within the first header", null);
        }
        if (!ended) {
          damaged("ends without an end mark after " + members + " members");
        }
        return;
      }
      members++;
      long offset = input.position();
      if (entry.getSize() > input.size() - offset) {
        damaged(
            String.format(
                "ends at byte %d within %s, which needs %d bytes from %d on",
                input.size(), entry.getName(), entry.getSize(), offset));
        return;
      }
      nextHeader = offset + records(entry.getSize());
      if (isPlain(entry)) {
        try {
          addMember(tar, entry, offset);
        } catch (IOException e) {
          damaged("within " + entry.getName() + ": " + e.getMessage());
          return;
        }
      }
    }
  }

  /** Links, devices and what else there is are no members that anything can be read from. */
  private static boolean isPlain(TarArchiveEntry entry) {
    byte type = entry.getLinkFlag();
    boolean file =
        type == TarConstants.LF_NORMAL
            || type == TarConstants.LF_OLDNORM
            || type == TarConstants.LF_CONTIG;
    return file && !entry.isSparse() && !entry.getName().endsWith("/");
  }

  /**
   * Refuses what would be read into memory whole, or go round in circles, before the member itself
   * is reached: names of gigabytes, headers without end, maps of sparse files.
   */
  private static void checkAnnouncements(SeekableInput input, long place) throws IOException {
    byte[] header = new byte[RECORD];
    long at = place;
    for (int i = 0; input.peek(at, header) == RECORD; i++) {
      char type = (char) header[TYPE_AT];
      if (type == 'S') {
        throw new IOException("sparse members cannot be read");
      }
      if (ANNOUNCEMENTS.indexOf(type) < 0) {
        return;
      }
      long size = TarUtils.parseOctalOrBinary(header, SIZE_AT, SIZE_LENGTH);
      if (size < 0 || size > MAX_TEXT) {
        throw new IOException("a name or a header of " + size + " bytes");
      }
      if (i == MAX_ANNOUNCEMENTS) {
        throw new IOException("more than " + MAX_ANNOUNCEMENTS + " headers for one member");
      }
      byte[] fields = new byte[(int) size];
      input.peek(at + RECORD, fields);
      if (new String(fields, StandardCharsets.ISO_8859_1).contains("GNU.sparse.")) {
        throw new IOException("sparse members cannot be read");
      }
      at += RECORD + records(size);
    }
  }

  /** Bytes in a tar are padded to whole records. */
  private static long records(long size) {
    return (size + RECORD - 1) / RECORD * RECORD;
  }

  private UserException noTar(@Nullable String why, @Nullable Exception cause) {
    String message = file + ": is no tar archive: " + why + "; expected a WebDataset shard";
    return cause == null ? new UserException(message) : new UserException(message, cause);
  }

  private void refuseOtherFormats(SeekableInput input) throws IOException {
    if (input.size() == 0) {
      throw new UserException(file + ": is empty (0 bytes); expected a tar shard");
    }
    byte[] start = new Blob.FilePart(file, 0, Math.min(2, input.size()), "start").read();
    if (start.length == 2 && (start[0] & 0xFF) == 0x1F && (start[1] & 0xFF) == 0x8B) {
      throw new UserException(
          file
              + ": is compressed with gzip; shards are read at random, so unpack it (gunzip)"
              + " first");
    }
  }

  private void damaged(String detail) {
    bad.add(BadReason.DAMAGED_SHARD, file.toString(), detail);
  }

  /** Whether what was read last are the zeros that close a tar, rather than a member cut off. */
  private boolean endsInZeros(SeekableInput input) throws IOException {
    long length = Math.min(RECORD, input.position());
    for (byte b : new Blob.FilePart(file, input.position() - length, length, "end").read()) {
      if (b != 0) {
        return false;
      }
    }
    return true;
  }

  private void addMember(TarArchiveInputStream tar, TarArchiveEntry entry, long offset)
      throws IOException {
    String name = entry.getName();
    int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
    if (dot <= name.lastIndexOf('/') + 1) {
      return; // no key, or a hidden file such as ._1.jpg: WebDataset passes these over too
    }
    String key = name.substring(dot + 1).toLowerCase(Locale.ROOT);
    Members group = groups.computeIfAbsent(name.substring(0, dot), _ -> new Members());
    if (!group.keys.add(key)) {
      bad.add(BadReason.BROKEN_MEMBER, file + ":" + name, "doubled; the first one is used");
      return;
    }
    Blob blob = new Blob.FilePart(file, offset, entry.getSize(), name);
    if (PICTURE_KEYS.contains(key)) {
      group.picture = group.picture == null ? blob : group.picture;
    } else if (key.equals("json") || key.equals("txt") || key.equals("cls")) {
      if (entry.getSize() > MAX_TEXT) {
        bad.add(BadReason.BROKEN_MEMBER, blob.name(), entry.getSize() + " bytes of text");
        return;
      }
      if (key.equals("json")) {
        group.json = blob;
        return;
      }
      String text = text(tar.readAllBytes());
      if (key.equals("txt")) {
        group.text = text;
      } else {
        group.label = text;
      }
    }
  }

  private static String text(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    return (text.startsWith("\uFEFF") ? text.substring(1) : text).strip();
  }

  private List<Example> examples() {
    List<Example> examples = new ArrayList<>(groups.size());
    groups.forEach((key, members) -> {
      String record = file + ":" + key;
      Blob picture = members.picture;
      if (picture == null) {
        if (members.text != null || members.label != null || members.hasCompoundPicture()) {
          bad.add(BadReason.MISSING_PICTURE, record, "members found: " + members.keys);
        }
        return;
      }
      List<String> captions = captions(members, record);
      if (captions != null) {
        examples.add(
            new Example(key, examples.size(), picture, captions, members.label, members.json));
      }
    });
    return examples;
  }

  /** The captions of an example; null when it has none that can be used. */
  private @Nullable List<String> captions(Members members, String record) {
    List<String> found = new ArrayList<>();
    if (members.text != null) {
      found.add(members.text);
    } else if (members.json != null) {
      try {
        addCaptions(JSON.readTree(members.json.read()), found);
      } catch (IOException | JacksonException e) {
        bad.add(BadReason.BROKEN_MEMBER, members.json.name(), "is no JSON: " + firstLine(e));
        return null;
      }
    }
    if (found.isEmpty() && options.requireCaptions()) {
      bad.add(BadReason.MISSING_CAPTION, record, "members found: " + members.keys);
      return null;
    }
    int count = found.size();
    found.removeIf(String::isEmpty);
    if (found.isEmpty() && count > 0 && options.requireCaptions()) {
      bad.add(BadReason.EMPTY_CAPTION, record, "");
      return null;
    }
    return found;
  }

  private static void addCaptions(JsonNode json, List<String> captions) {
    for (String field : List.of("caption", "captions", "text")) {
      JsonNode value = json.get(field);
      if (value == null) {
        continue;
      }
      if (value.isString()) {
        captions.add(value.stringValue().strip());
      } else if (value.isArray()) {
        for (JsonNode element : value) {
          if (element.isString()) {
            captions.add(element.stringValue().strip());
          }
        }
      }
      if (!captions.isEmpty()) {
        return;
      }
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  /** What a shard holds of one example. */
  private static final class Members {
    final TreeSet<String> keys = new TreeSet<>();
    @Nullable Blob picture;
    @Nullable Blob json;
    @Nullable String text;
    @Nullable String label;

    /** Whether there is a picture under a key such as {@code left.jpg}, which is not read. */
    boolean hasCompoundPicture() {
      return keys.stream()
          .anyMatch(k -> PICTURE_KEYS.contains(k.substring(k.lastIndexOf('.') + 1)));
    }
  }
}
