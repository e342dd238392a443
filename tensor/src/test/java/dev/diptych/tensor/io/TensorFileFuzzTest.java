package dev.diptych.tensor.io;

import static org.assertj.core.api.Assertions.assertThat;

import dev.diptych.tensor.DType;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.io.torch.TorchFixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

/** Damaged and hostile files: each is read or refused with a message, and nothing else happens. */
class TensorFileFuzzTest {
  private static @Nullable Path folder;
  private static byte[] zip = {};
  private static byte[] legacy = {};
  private static byte[] safetensors = {};

  @BeforeContainer
  static void writeWhatIsDamagedLater() throws IOException {
    Path made = Files.createTempDirectory("fuzz");
    folder = made;
    zip = TorchFixtures.zip();
    legacy = TorchFixtures.legacy();
    Path file = made.resolve("right.safetensors");
    new SafetensorsWriter()
        .metadata("format", "pt")
        .add("weight", Tensor.of(new float[6], Shape.of(2, 3)))
        .add("half", Tensor.of(new float[3], Shape.of(3)), DType.F16)
        .add("größe", new IntTensor(Shape.of(2), new int[] {1, 2}))
        .write(file);
    safetensors = Files.readAllBytes(file);
    Files.delete(file);
    assertThat(torch(zip)).isTrue();
    assertThat(torch(legacy)).isTrue();
    assertThat(safetensors(safetensors)).isTrue();
  }

  @AfterContainer
  static void clear() throws IOException {
    if (folder != null) {
      Files.deleteIfExists(folder.resolve("file"));
      Files.delete(folder);
    }
  }

  private static Path file() {
    if (folder == null) {
      throw new IllegalStateException("there is no folder yet");
    }
    return folder.resolve("file");
  }

  private static boolean torch(byte[] bytes) {
    try {
      return FuzzTargets.torch(file(), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean safetensors(byte[] bytes) {
    try {
      return FuzzTargets.safetensors(file(), bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every third length, which meets every kind of place. */
  @Property(tries = 1)
  void aFileThatIsCutOffAnywhereIsRefused() {
    for (int length = 0; length < zip.length; length += 3) {
      assertThat(torch(Arrays.copyOf(zip, length))).as("zip, %d bytes", length).isFalse();
    }
    for (int length = 0; length < legacy.length; length += 3) {
      assertThat(torch(Arrays.copyOf(legacy, length))).as("legacy, %d bytes", length).isFalse();
    }
    for (int length = 0; length < safetensors.length; length += 3) {
      assertThat(safetensors(Arrays.copyOf(safetensors, length)))
          .as("safetensors, %d bytes", length)
          .isFalse();
    }
  }

  /** Every third byte of the files by itself. */
  @Property(tries = 1)
  void oneWrongBitHarmsNobody() {
    for (int i = 0; i < legacy.length; i += 3) {
      torch(flipped(legacy, 8 * i + 5 * i % 8));
    }
    for (int i = 0; i < safetensors.length; i += 3) {
      safetensors(flipped(safetensors, 8 * i + 5 * i % 8));
    }
  }

  private static byte[] flipped(byte[] bytes, int bit) {
    byte[] changed = bytes.clone();
    changed[bit / 8] ^= (byte) (1 << bit % 8);
    return changed;
  }

  @Property(tries = 350, shrinking = ShrinkingMode.OFF)
  void wrongBytesInAZipArchiveHarmNobody(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int count) {
    torch(damaged(zip, seed, count));
  }

  @Property(tries = 250, shrinking = ShrinkingMode.OFF)
  void wrongBytesInALegacyFileHarmNobody(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int count) {
    torch(damaged(legacy, seed, count));
  }

  @Property(tries = 250, shrinking = ShrinkingMode.OFF)
  void wrongBytesInASafetensorsFileHarmNobody(
      @ForAll long seed, @ForAll @IntRange(min = 2, max = 8) int count) {
    safetensors(damaged(safetensors, seed, count));
  }

  private static byte[] damaged(byte[] bytes, long seed, int count) {
    Random random = new Random(seed);
    byte[] changed = bytes.clone();
    for (int i = 0; i < count; i++) {
      int at = random.nextInt(changed.length);
      changed[at] =
          switch (random.nextInt(4)) {
            case 0 -> (byte) random.nextInt(256);
            case 1 -> (byte) (changed[at] ^ 1 << random.nextInt(8));
            case 2 -> (byte) 0xff;
            default -> changed[random.nextInt(changed.length)];
          };
    }
    return changed;
  }

  /** Pickles in which instructions are dropped, doubled, swapped and replaced. */
  @Property(tries = 350, shrinking = ShrinkingMode.OFF)
  void otherInstructionsInThePickleHarmNobody(@ForAll long seed) throws IOException {
    Random random = new Random(seed);
    List<Byte> pickle = new ArrayList<>();
    for (byte b : TorchFixtures.checkpointPickle()) {
      pickle.add(b);
    }
    String instructions = "NJKMGXBC])}tlde(asubRQqrhj012.c";
    for (int i = random.nextInt(1, 6); i > 0; i--) {
      int at = random.nextInt(2, pickle.size());
      switch (random.nextInt(4)) {
        case 0 -> pickle.remove(at);
        case 1 -> pickle.add(at, pickle.get(random.nextInt(pickle.size())));
        case 2 -> pickle.add(at, (byte) instructions.charAt(random.nextInt(instructions.length())));
        default ->
            pickle.set(at, (byte) instructions.charAt(random.nextInt(instructions.length())));
      }
    }
    byte[] bytes = new byte[pickle.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = pickle.get(i);
    }
    torch(TorchFixtures.zip(bytes, TorchFixtures.checkpointStorages()));
  }

  @Property(tries = 120)
  void anyBytesHarmNobody(@ForAll @Size(max = 200) byte[] bytes) throws IOException {
    torch(bytes);
    torch(TorchFixtures.zip(bytes, Map.of()));
    safetensors(bytes);
    safetensors(withHeader(bytes));
  }

  private static byte[] withHeader(byte[] header) {
    return ByteBuffer.allocate(8 + header.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length)
        .put(header)
        .array();
  }
}
