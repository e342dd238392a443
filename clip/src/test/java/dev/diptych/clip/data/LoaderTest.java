package dev.diptych.clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class LoaderTest {
  private static final BadLimit ANY = new BadLimit(0, 1);
  private static final int BATCH = 6;

  @TempDir private Path folder;

  enum Kind {
    INDEXED,
    STREAM
  }

  /** 41 examples, of which four cannot be decoded. */
  private DataSource source(Kind kind) {
    List<Integer> bad = List.of(0, 7, 8, 30);
    if (kind == Kind.INDEXED) {
      return Samples.source(41, bad, ANY);
    }
    for (int shard = 0; shard < 4; shard++) {
      Samples.shard(folder.resolve("s" + shard + ".tar"), shard * 11, shard == 3 ? 8 : 11, bad);
    }
    DataOptions options = DataOptions.DEFAULT.withStreaming(15).withBadLimit(ANY);
    return DataSource.open(folder + "/s{0..3}.tar", options);
  }

  private static LoaderOptions options(boolean training) {
    return new LoaderOptions(
        BATCH, Samples.SIZE, Samples.CONTEXT, 17, training, 2, 2, Long.MAX_VALUE);
  }

  private static Loader loader(DataSource source, LoaderOptions options) {
    return new Loader(source, options, Samples.TRANSFORM, Samples.TOKENIZER);
  }

  private static Batch next(Loader loader) {
    return Objects.requireNonNull(loader.next(), "the epoch ended early");
  }

  private static List<Batch> take(Loader loader, int count) {
    List<Batch> batches = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      batches.add(next(loader));
    }
    return batches;
  }

  private static List<Batch> rest(Loader loader) {
    List<Batch> batches = new ArrayList<>();
    for (Batch batch = loader.next(); batch != null; batch = loader.next()) {
      batches.add(batch);
    }
    return batches;
  }

  private static void assertSame(Batch actual, Batch expected) {
    assertThat(actual.epoch()).isEqualTo(expected.epoch());
    assertThat(actual.step()).isEqualTo(expected.step());
    assertThat(actual.size()).isEqualTo(expected.size());
    assertThat(actual.pictureIds()).isEqualTo(expected.pictureIds());
    assertThat(actual.captions()).isEqualTo(expected.captions());
    assertThat(actual.captionIds()).isEqualTo(expected.captionIds());
    assertThat(actual.targetIds()).isEqualTo(expected.targetIds());
    assertThat(actual.tokens()).isEqualTo(expected.tokens());
    assertThat(actual.images()).isEqualTo(expected.images());
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void batchesDependNeitherOnThreadsNorOnTheCache(Kind kind) {
    try (Loader reference = loader(source(kind), options(true).withThreads(1))) {
      List<Batch> expected = take(reference, 20);
      for (int threads : new int[] {2, 5}) {
        LoaderOptions options = options(true).withThreads(threads).withCacheBytes(threads * 20L);
        try (Loader loader = loader(source(kind), options)) {
          for (Batch batch : expected) {
            Batch actual = next(loader);
            assertSame(actual, batch);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void seekingIsLikeHavingTakenAllBefore(Kind kind) {
    try (Loader reference = loader(source(kind), options(true))) {
      for (Batch expected : take(reference, 16)) {
        try (Loader fresh = loader(source(kind), options(true))) {
          fresh.seek(expected.epoch(), expected.step());
          assertSame(next(fresh), expected);
        }
      }
      reference.seek(1, 2);
      Batch first = next(reference);
      Batch second = next(reference);
      reference.seek(1, 3);
      assertSame(next(reference), second);
      reference.seek(1, 2);
      assertSame(next(reference), first);
      reference.seek(0, 1_000);
      assertThat(next(reference)).extracting(Batch::epoch, Batch::step).containsExactly(1L, 0L);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void anEpochHoldsEveryExampleAtMostOnceAndDropsTheRest(Kind kind) {
    DataSource good =
        kind == Kind.INDEXED
            ? Samples.source(41, List.of(), BadLimit.NONE)
            : DataSource.open(
                Samples.shard(folder.resolve("one.tar"), 0, 41, List.of()).toString(),
                DataOptions.DEFAULT.withStreaming(7));
    try (Loader loader = loader(good, options(true))) {
      List<List<Long>> orders = new ArrayList<>();
      for (int epoch = 0; epoch < 3; epoch++) {
        List<Long> order = new ArrayList<>();
        for (Batch batch : take(loader, 6)) {
          assertThat(batch.epoch()).isEqualTo(epoch);
          assertThat(batch.size()).isEqualTo(BATCH);
          Arrays.stream(batch.pictureIds()).forEach(order::add);
          for (int i = 0; i < BATCH; i++) {
            Example example = batch.examples().get(i);
            assertThat(example.captions()).contains(batch.captions().get(i));
            assertThat(example.pictureId()).isEqualTo(batch.pictureIds()[i]);
          }
        }
        assertThat(order).hasSize(36).doesNotHaveDuplicates();
        assertThat(order).isNotEqualTo(order.stream().sorted().toList());
        orders.add(order);
      }
      assertThat(new HashSet<>(orders)).hasSize(3);
      assertThat(loader.stepsPerEpoch()).hasValue(6);
    }
  }

  @Test
  void anotherSeedGivesAnotherOrder() {
    IndexedSource source = Samples.source(41, List.of(), BadLimit.NONE);
    LoaderOptions other =
        new LoaderOptions(BATCH, Samples.SIZE, Samples.CONTEXT, 18, true, 1, 1, 0);
    try (Loader a = loader(source, options(true));
        Loader b = loader(source, other)) {
      assertThat(next(a).pictureIds()).isNotEqualTo(next(b).pictureIds());
    }
  }

  @Test
  void captionsAndCropsChangeFromEpochToEpoch() {
    IndexedSource source = Samples.source(6, List.of(), BadLimit.NONE);
    Set<String> captions = new HashSet<>();
    Set<Float> pixels = new HashSet<>();
    try (Loader loader = loader(source, options(true))) {
      for (Batch batch : take(loader, 20)) {
        for (int i = 0; i < BATCH; i++) {
          if (batch.pictureIds()[i] == 3) {
            captions.add(batch.captions().get(i));
            pixels.add(batch.images()[i * 3 * Samples.SIZE * Samples.SIZE + 1]);
          }
        }
      }
    }
    assertThat(captions).containsExactlyInAnyOrder("a3", "b3");
    assertThat(pixels).hasSizeGreaterThan(15);
  }

  @Test
  void unreadablePicturesAreReplacedByThoseBehindTheBatch() {
    IndexedSource good = Samples.source(41, List.of(), BadLimit.NONE);
    List<Batch> all;
    try (Loader loader = loader(good, options(true))) {
      all = take(loader, 2);
    }
    int bad = (int) all.get(0).pictureIds()[2];
    int badToo = (int) all.get(1).pictureIds()[0];
    IndexedSource source = Samples.source(41, List.of(bad, badToo), ANY);
    try (Loader loader = loader(source, options(true))) {
      Batch first = next(loader);
      long[] expected = all.get(0).pictureIds().clone();
      expected[2] = all.get(1).pictureIds()[1]; // the one before it cannot be read either
      assertThat(first.pictureIds()).isEqualTo(expected);
      assertThat(source.bad().count(BadReason.CORRUPT_PICTURE)).isEqualTo(2);
      assertThat(next(loader).pictureIds()).doesNotContain(bad, badToo);
    }
  }

  @Test
  void aBatchThatIsTheWholeSetRepeatsItsReadableOnes() {
    IndexedSource source = Samples.source(6, List.of(1, 4), ANY);
    try (Loader loader = loader(source, options(true))) {
      Batch batch = next(loader);
      assertThat(batch.size()).isEqualTo(6);
      assertThat(batch.pictureIds()).doesNotContain(1, 4);
      assertThat(Arrays.stream(batch.targetIds()).distinct()).hasSize(4);
    }
  }

  @Test
  void tooManyUnreadablePicturesStopTheRun() {
    IndexedSource source = Samples.source(41, List.of(3, 5, 9), new BadLimit(2, 0));
    try (Loader loader = loader(source, options(true))) {
      assertThatThrownBy(() -> take(loader, 7))
          .isInstanceOf(UserException.class)
          .hasMessageContaining("3 of 41 records are bad, more than the 2 allowed")
          .hasMessageContaining("e3");
    }
    IndexedSource allBad = Samples.source(6, List.of(0, 1, 2, 3, 4, 5), ANY);
    try (Loader loader = loader(allBad, options(true))) {
      assertThatThrownBy(loader::next)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("not one picture");
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void validationGivesEveryReadableExampleOnceInOrder(Kind kind) {
    try (Loader loader = loader(source(kind), options(false))) {
      List<Batch> batches = rest(loader);
      List<String> names = new ArrayList<>();
      for (Batch batch : batches) {
        assertThat(batch.images()).hasSize(batch.size() * 3 * Samples.SIZE * Samples.SIZE);
        assertThat(batch.tokens()).hasSize(batch.size() * Samples.CONTEXT);
        batch.examples().forEach(e -> names.add(e.key().replace("e", "")));
      }
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 41; i++) {
        if (i != 0 && i != 7 && i != 8 && i != 30) {
          expected.add(String.valueOf(i));
        }
      }
      assertThat(names).isEqualTo(expected);
      assertThat(loader.next()).isNull();
      loader.seek(0, 0);
      assertSame(next(loader), batches.getFirst());
    }
  }

  @Test
  void validationPassesOverABatchWithoutAReadablePicture() {
    IndexedSource source = Samples.source(13, List.of(6, 7, 8, 9, 10, 11), ANY);
    try (Loader loader = loader(source, options(false))) {
      assertThat(rest(loader)).extracting(Batch::size).containsExactly(6, 1);
    }
  }

  @Test
  void keepsDecodedPicturesAsFarAsTheMemoryGoes() {
    AtomicInteger decoded = new AtomicInteger();
    TwoStageTransform<byte[]> transform =
        new TwoStageTransform<>() {
          @Override
          public byte[] decode(byte[] encoded, String name) {
            decoded.incrementAndGet();
            return encoded.clone();
          }

          @Override
          public long sizeInBytes(byte[] picture) {
            return 100;
          }

          @Override
          public void write(byte[] picture, RandomGenerator random, float[] pixels, int offset) {
            pixels[offset] = picture[0];
          }
        };
    IndexedSource source = Samples.source(12, List.of(), BadLimit.NONE);
    for (int kept : new int[] {0, 5, 12}) {
      decoded.set(0);
      LoaderOptions options = options(false).withThreads(1).withCacheBytes(kept * 100L);
      try (Loader loader = new Loader(source, options, transform, Samples.TOKENIZER)) {
        rest(loader);
        assertThat(decoded).hasValue(12);
        loader.seek(0, 0);
        rest(loader);
        assertThat(decoded).hasValue(12 + 12 - kept);
      }
    }
  }

  @Test
  void memoryGivenBackIsUsedAgainAndChangesNothing() {
    IndexedSource source = Samples.source(41, List.of(), BadLimit.NONE);
    try (Loader loader = loader(source, options(true));
        Loader other = loader(source, options(true))) {
      Set<float[]> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int i = 0; i < 30; i++) {
        Batch batch = next(loader);
        assertSame(batch, next(other));
        arrays.add(batch.images());
        loader.recycle(batch);
      }
      assertThat(arrays).hasSizeLessThan(6);
    }
  }

  @Test
  void refusesWhatCannotWork() {
    IndexedSource five = Samples.source(5, List.of(), BadLimit.NONE);
    assertThatThrownBy(() -> loader(five, options(true)))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("holds 5 pictures")
        .hasMessageContaining("--batch-size");
    DataSource stream =
        DataSource.open(
            Samples.shard(folder.resolve("five.tar"), 0, 5, List.of()).toString(),
            DataOptions.DEFAULT.withStreaming(10));
    try (Loader loader = loader(stream, options(true))) {
      assertThatThrownBy(loader::next)
          .isInstanceOf(UserException.class)
          .hasMessageContaining("fewer than one batch");
    }
    assertThatThrownBy(() -> LoaderOptions.of(0, 8, 8, 1, true)).isInstanceOf(UserException.class);
    assertThatThrownBy(() -> LoaderOptions.of(100_000, 224, 77, 1, true))
        .isInstanceOf(UserException.class)
        .hasMessageContaining("--batch-size");
  }

  @Test
  void mistakesOfTheTokenizerAreNoBadRecords() {
    IndexedSource source = Samples.source(6, List.of(), ANY);
    try (Loader loader =
        new Loader(source, options(true), Samples.TRANSFORM, caption -> new int[3])) {
      assertThatThrownBy(loader::next)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("expected 4 tokens");
    }
    Loader closed = loader(source, options(true));
    closed.close();
    assertThatThrownBy(closed::next).isInstanceOf(IllegalStateException.class);
  }
}
