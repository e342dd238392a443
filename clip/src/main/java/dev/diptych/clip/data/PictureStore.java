package dev.diptych.clip.data;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Reads pictures and keeps them, decoded where the transform can split its work and encoded
 * otherwise, until the memory given is used up. What is kept stays: with an epoch visiting every
 * picture once, throwing out old ones for new ones would never find one again. Keeping changes the
 * time a picture takes and never its pixels.
 */
final class PictureStore {
  private final PictureTransform transform;
  private final @Nullable AtomicReferenceArray<@Nullable Object> kept;
  private final AtomicLong bytesLeft;

  /** Keeps pictures numbered below {@code size} in {@code bytes} of memory. */
  PictureStore(PictureTransform transform, int size, long bytes) {
    this.transform = transform;
    this.kept = size == 0 || bytes == 0 ? null : new AtomicReferenceArray<>(size);
    this.bytesLeft = new AtomicLong(bytes);
  }

  /**
   * Writes a picture's pixels.
   *
   * @throws IOException when it cannot be read or decoded
   */
  void write(Example example, RandomGenerator random, float[] pixels, int offset)
      throws IOException {
    if (transform instanceof TwoStageTransform<?> twoStage) {
      writeDecoded(twoStage, example, random, pixels, offset);
      return;
    }
    byte[] encoded = (byte[]) recall(example);
    if (encoded == null) {
      encoded = example.picture().read();
      keep(example, encoded, encoded.length);
    }
    transform.write(encoded, example.picture().name(), random, pixels, offset);
  }

  private <P> void writeDecoded(
      TwoStageTransform<P> twoStage,
      Example example,
      RandomGenerator random,
      float[] pixels,
      int offset)
      throws IOException {
    @SuppressWarnings("unchecked") // this transform alone put it there
    P decoded = (P) recall(example);
    if (decoded == null) {
      Blob picture = example.picture();
      decoded = twoStage.decode(picture.read(), picture.name());
      keep(example, decoded, twoStage.sizeInBytes(decoded));
    }
    twoStage.write(decoded, random, pixels, offset);
  }

  private @Nullable Object recall(Example example) {
    return kept == null ? null : kept.get((int) example.pictureId());
  }

  private void keep(Example example, Object picture, long bytes) {
    if (kept == null || bytesLeft.get() < bytes) {
      return;
    }
    if (bytesLeft.addAndGet(-bytes) < 0
        || !kept.compareAndSet((int) example.pictureId(), null, picture)) {
      bytesLeft.addAndGet(bytes);
    }
  }
}
