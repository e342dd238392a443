package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterProperty;
import net.jqwik.api.lifecycle.BeforeProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Files made to do harm: whatever they hold, it is right, or counted as bad, or a mistake in words;
 * never another exception, memory without end, or a file written somewhere.
 */
class HostileDataTest {
  private static final BadLimit ALL = new BadLimit(Long.MAX_VALUE, 1);
  private static final DataOptions CAPTIONLESS =
      DataOptions.DEFAULT.withRequireCaptions(false).withBadLimit(ALL);
  private static final String TYPES = "0123456789LKxXgSDMVNA\0 \u007f";
  private static final String[] NAMES = {
    "../../x.jpg",
    "/etc/passwd.jpg",
    "..",
    ".",
    "",
    "/",
    "a//../..//b.jpg",
    "C:\\x.jpg",
    "\n.jpg",
    "x.jpg/",
    "CON.jpg",
    "~/x.jpg",
    "\u0000x.jpg",
    "x.jpg\u0007"
  };
  private static final String[] SIZES = {
    "77777777777", "-0000000001", "99999999999", "           ", "00000000008", "0000000000q"
  };

  private Path outer = Path.of("");
  private Path folder = Path.of("");
  private Path file = Path.of("");

  @BeforeEach
  @BeforeProperty
  void makeFolder() throws IOException {
    outer = Files.createTempDirectory("hostile");
    folder = Files.createDirectories(outer.resolve("deep/er"));
    file = folder.resolve("s.tar");
  }

  /** Nothing but what the test wrote may be there at the end. */
  @AfterEach
  @AfterProperty
  void nothingElseWasWritten() throws IOException {
    List<Path> found;
    try (Stream<Path> files = Files.walk(outer)) {
      found = new ArrayList<>(files.toList());
    }
    List<Path> written = found.stream().filter(Files::isRegularFile).toList();
    for (Path path : found.reversed()) {
      Files.delete(path);
    }
    assertThat(written)
        .allMatch(path -> folder.equals(path.getParent()))
        .allMatch(path -> String.valueOf(path.getFileName()).startsWith("s."));
  }

  /** Reads all there is; returns how many pictures could be read. */
  private int readAll(DataOptions options) {
    BadRecords bad = new BadRecords("hostile", ALL);
    List<Example> examples;
    try {
      examples = TarShard.index(file, options, bad);
    } catch (UserException e) {
      assertThat(e).hasMessageContaining("s.tar");
      return 0;
    }
    int read = 0;
    for (Example example : examples) {
      try {
        assertThat(example.picture().read()).hasSizeLessThan(1 << 22);
        read++;
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("s.tar");
      }
    }
    return read;
  }

  private static byte[] shard() {
    return Samples.tar(
        "1.jpg",
        "P1",
        "1.json",
        "{\"caption\": \"one\"}",
        "2.jpg",
        "P".repeat(700),
        "2.txt",
        "two",
        "a".repeat(120) + "/3.jpg",
        "P3",
        "3.cls",
        "7");
  }

  private static void put(byte[] header, int at, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    System.arraycopy(bytes, 0, header, at, bytes.length);
  }

  /** Makes the check sum right, as whoever means harm would. */
  private static void sign(byte[] tar, int header) {
    Arrays.fill(tar, header + 148, header + 156, (byte) ' ');
    int sum = 0;
    for (int i = header; i < header + 512; i++) {
      sum += tar[i] & 0xFF;
    }
    put(tar, header + 148, "%06o\0 ".formatted(sum));
  }

  private static byte[] header(String name, char type, long size) {
    byte[] header = new byte[512];
    put(header, 0, name);
    put(header, 100, "0000644\0");
    put(header, 124, "%011o\0".formatted(size));
    header[156] = (byte) type;
    put(header, 257, "ustar\00000");
    sign(header, 0);
    return header;
  }

  @Property(tries = 800)
  void headersThatLie(
      @ForAll @IntRange(max = 11) int record,
      @ForAll @IntRange(max = 5) int kind,
      @ForAll int choice,
      @ForAll boolean signed)
      throws IOException {
    byte[] tar = shard();
    int header = 512 * record;
    int which = choice & 0x7FFFFFFF;
    switch (kind) {
      case 0 -> tar[header + 156] = (byte) TYPES.charAt(which % TYPES.length());
      case 1 -> {
        Arrays.fill(tar, header, header + 100, (byte) 0);
        put(tar, header, NAMES[which % NAMES.length]);
      }
      case 2 -> put(tar, header + 124, SIZES[which % SIZES.length]);
      case 3 -> { // base-256: 2⁶⁰, 2⁶² and negative numbers among them
        Random random = new Random(choice);
        tar[header + 124] = (byte) (random.nextBoolean() ? 0x80 : 0xFF);
        for (int i = 125; i < 136; i++) {
          tar[header + i] = (byte) (random.nextInt(3) == 0 ? random.nextInt() : 0);
        }
      }
      case 4 -> { // a link, device or directory under a picture's name, with a size
        tar[header + 156] = (byte) ('1' + which % 6);
        put(tar, header + 157, "../../../etc/passwd");
      }
      default -> {
        Random random = new Random(choice);
        for (int i = 0; i < 8; i++) {
          tar[header + random.nextInt(512)] = (byte) random.nextInt();
        }
      }
    }
    if (signed) {
      sign(tar, header);
    }
    Files.write(file, tar);
    int members = 6; // any of which may have got a picture's name
    assertThat(readAll(CAPTIONLESS)).isLessThanOrEqualTo(members);
    assertThat(readAll(DataOptions.DEFAULT.withBadLimit(ALL))).isLessThanOrEqualTo(members);
  }

  @Property(tries = 300)
  void headersInAnyOrderAndNumber(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int count)
      throws IOException {
    Random random = new Random(seed);
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      char type = TYPES.charAt(random.nextInt(TYPES.length()));
      long size =
          switch (random.nextInt(4)) {
            case 0 -> 0;
            case 1 -> random.nextInt(2000);
            case 2 -> 512L * random.nextInt(4);
            default -> random.nextLong(1L << 33);
          };
      tar.write(header(i / 2 + (i % 2 == 0 ? ".jpg" : ".txt"), type, size));
      byte[] content = new byte[512 * random.nextInt(4)];
      put(
          content.length == 0 ? new byte[64] : content,
          0,
          random.nextBoolean() ? "30 path=../../x.jpg\n" : "25 GNU.sparse.map=0,99999\n");
      tar.write(content);
    }
    Files.write(file, tar.toByteArray());
    readAll(CAPTIONLESS);
  }

  @Property(tries = 300)
  void bytesOfAnyKind(@ForAll @Size(max = 2000) byte[] bytes) throws IOException {
    Files.write(file, bytes);
    readAll(CAPTIONLESS);
  }

  @Test
  void linksAndDevicesAreNoPictures() throws IOException {
    for (char type : "123456".toCharArray()) {
      ByteArrayOutputStream tar = new ByteArrayOutputStream();
      tar.write(header("1.jpg", type, 0));
      tar.write(header("1.txt", '0', 0));
      tar.write(new byte[1024]);
      Files.write(file, tar.toByteArray());
      BadRecords bad = new BadRecords("x", ALL);
      assertThat(TarShard.index(file, CAPTIONLESS, bad)).as("type %s", type).isEmpty();
      assertThat(bad.count(BadReason.MISSING_PICTURE)).isEqualTo(1);
    }
  }

  /** The file takes no room: its gigabytes are a hole. */
  @ParameterizedTest
  @ValueSource(chars = {'L', 'K', 'x', 'X', 'g', 'S'})
  @Timeout(value = 5, unit = TimeUnit.SECONDS)
  void namesAndHeadersOfGigabytesEndTheShard(char type) throws IOException {
    long size = 6L << 30;
    byte[] first = Samples.tar("1.jpg", "P1", "1.txt", "one");
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(first, 0, 4 * 512);
      out.write(header("././@LongLink", type, size));
      out.setLength(5 * 512 + size + 4096);
    }
    BadRecords bad = new BadRecords("x", ALL);
    assertThat(TarShard.index(file, DataOptions.DEFAULT, bad)).hasSize(1);
    assertThat(bad.count(BadReason.DAMAGED_SHARD)).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(chars = {'L', 'K', 'x', 'g'})
  @Timeout(value = 5, unit = TimeUnit.SECONDS)
  void headersWithoutEndEndTheShard(char type) throws IOException {
    byte[] one = header("././@LongLink", type, 0);
    ByteArrayOutputStream tar = new ByteArrayOutputStream();
    tar.write(Samples.tar("1.jpg", "P1", "1.txt", "one"), 0, 4 * 512);
    for (int i = 0; i < 20_000; i++) {
      tar.write(one);
    }
    Files.write(file, tar.toByteArray());
    BadRecords bad = new BadRecords("x", ALL);
    assertThat(TarShard.index(file, DataOptions.DEFAULT, bad)).hasSize(1);
    assertThat(bad.count(BadReason.DAMAGED_SHARD)).isEqualTo(1);
  }

  @Test
  void textsOfMegabytesAndJsonInAWellAreCounted() {
    Samples.shard(
        file,
        "1.jpg",
        "P",
        "1.json",
        "[".repeat(100_000),
        "2.jpg",
        "P",
        "2.json",
        " ".repeat(3 << 20) + "{}",
        "3.jpg",
        "P",
        "3.txt",
        "x".repeat(3 << 20),
        "4.jpg",
        "P",
        "4.json",
        "{\"caption\":".repeat(5000),
        "5.jpg",
        "P",
        "5.json",
        "{\"caption\": \"fine\"}");
    BadRecords bad = new BadRecords("x", ALL);
    assertThat(TarShard.index(file, DataOptions.DEFAULT, bad))
        .extracting(Example::key)
        .containsExactly("5");
    assertThat(bad.count(BadReason.BROKEN_MEMBER)).isEqualTo(4);
  }

  @Property(tries = 250)
  void jsonOfAnyKind(@ForAll long seed) {
    Random random = new Random(seed);
    String[] pieces = {
      "{",
      "}",
      "[",
      "]",
      "\"caption\"",
      ":",
      "\"a\"",
      ",",
      "null",
      "1e999",
      "\"\\ud800\"",
      "\\",
      "é",
      "\0",
      "true",
      "\"captions\"",
      " ",
      "-",
      "\uFEFF",
      "NaN"
    };
    StringBuilder json = new StringBuilder(random.nextBoolean() ? "{\"caption\":" : "");
    for (int i = random.nextInt(12); i > 0; i--) {
      json.append(pieces[random.nextInt(pieces.length)]);
    }
    Samples.shard(file, "1.jpg", "P", "1.json", json.toString());
    BadRecords bad = new BadRecords("x", ALL);
    int found = TarShard.index(file, DataOptions.DEFAULT, bad).size();
    assertThat(found + bad.total()).as(json.toString()).isEqualTo(1);
  }

  @Property(tries = 300)
  void tablesAndLinesOfAnyKind(@ForAll long seed, @ForAll @IntRange(max = 4) int ending)
      throws IOException {
    Random random = new Random(seed);
    String[] pieces = {
      "filepath",
      "title",
      "image,caption",
      "\"",
      "\"\"",
      ",",
      "\t",
      ";",
      "|",
      "\n",
      "\r\n",
      "\r",
      "../../x.jpg",
      "/dev/zero",
      "\0",
      "a.jpg#0\t",
      "é",
      "\uFEFF",
      "{\"text\":",
      "\"a\"}",
      "#",
      " "
    };
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(Samples.bytes(random.nextInt(3) == 0 ? "" : "filepath,title\n"));
    for (int i = random.nextInt(40); i > 0; i--) {
      bytes.writeBytes(Samples.bytes(pieces[random.nextInt(pieces.length)]));
      if (random.nextInt(30) == 0) {
        bytes.write(random.nextInt());
      }
    }
    String name = "s.tar" + List.of(".csv", ".tsv", ".txt", ".token", ".jsonl").get(ending);
    Path table = Files.write(folder.resolve(name), bytes.toByteArray());
    List<String> specs = List.of(table.toString());
    BadRecords bad = new BadRecords("x", ALL);
    try {
      for (Input input : Input.ofTexts(specs)) {
        try (Texts texts = input.texts(DataOptions.DEFAULT, "text", bad)) {
          texts.forEachRemaining(text -> assertThat(text.text()).isNotBlank());
        }
      }
    } catch (UserException e) {
      assertThat(e).hasMessageContaining("s.tar");
    }
    try {
      for (Input input : Input.ofPictures(specs)) {
        assertThat(input.examples(CAPTIONLESS, bad)).isEmpty();
      }
    } catch (UserException e) {
      assertThat(e).hasMessageContaining("s.tar");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"x", ",", "\""})
  @Timeout(value = 10, unit = TimeUnit.SECONDS)
  void linesWithoutEndAreRefused(String filling) throws IOException {
    Path table = folder.resolve("s.csv");
    Files.writeString(table, "filepath,title\na.jpg," + filling.repeat(5 << 20) + "x,\"\n");
    assertThatThrownBy(() -> SourceFinder.index(table, CAPTIONLESS, new BadRecords("x", ALL)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("s.csv")
        .hasMessageMatching("(?s).*(line 2|bad).*");
    Path lines = folder.resolve("s.txt");
    Files.writeString(lines, "fine\n" + filling.repeat(5 << 20) + "\nfine too\n");
    BadRecords bad = new BadRecords("x", ALL);
    try (Texts texts =
        Input.ofTexts(List.of(lines.toString()))
            .getFirst()
            .texts(DataOptions.DEFAULT, "text", bad)) {
      assertThat(texts).toIterable().extracting(Text::text).containsExactly("fine", "fine too");
    }
    assertThat(bad.count(BadReason.BAD_ROW)).isEqualTo(1);
  }
}
