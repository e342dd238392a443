package dev.diptych.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StagingRingTest {
  private static final int PAGES = 4;
  private static final int PAGE_BYTES = 1024;

  private final byte[] pinned = new byte[PAGES * PAGE_BYTES];
  private final byte[] device = new byte[1 << 20];
  private final LateStream stream = new LateStream();
  private final StagingRing ring = new StagingRing(MemorySegment.ofArray(pinned), PAGES, stream);

  /** Does everything as late as it may: only when a mark is waited for. */
  private final class LateStream implements StagingRing.Transfers {
    private final Deque<Runnable> work = new ArrayDeque<>();
    private final int[] marksToPass = new int[PAGES];
    int waits;
    int sends;

    @Override
    public void send(long offset, long bytes, long address) {
      sends++;
      work.add(() -> System.arraycopy(pinned, (int) offset, device, (int) address, (int) bytes));
    }

    @Override
    public void mark(int page) {
      marksToPass[page]++;
      work.add(() -> marksToPass[page]--);
    }

    @Override
    public void await(int page) {
      waits += marksToPass[page] > 0 ? 1 : 0;
      while (marksToPass[page] > 0) {
        work.remove().run();
      }
    }

    void finish() {
      work.forEach(Runnable::run);
      work.clear();
    }
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  /** Copies, then destroys the source, as a caller may. */
  private void copyIn(byte[] bytes, int address) {
    byte[] from = bytes.clone();
    ring.copyIn(MemorySegment.ofArray(from), address);
    Arrays.fill(from, (byte) 0x55);
  }

  @Test
  void copiesOfAllSizesArriveWhateverIsChangedAfterwards() {
    int[] sizes = {0, 1, 255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097, 3, 100_000, 700, 700};
    int address = 0;
    for (int size : sizes) {
      copyIn(random(size), address);
      address += size;
    }
    stream.finish();
    address = 0;
    for (int size : sizes) {
      assertThat(Arrays.copyOfRange(device, address, address + size))
          .as("%s bytes at %s", size, address)
          .isEqualTo(random(size));
      address += size;
    }
  }

  @Test
  void smallCopiesWaitForNothingUntilTheRingIsFull() {
    int small = PAGE_BYTES / 4;
    for (int i = 0; i < 4 * PAGES; i++) {
      copyIn(random(small), i * small);
    }
    assertThat(stream.sends).isEqualTo(4 * PAGES);
    assertThat(stream.waits).isZero();
    copyIn(random(small), 0);
    assertThat(stream.waits).isEqualTo(1);
  }

  @Test
  void aSmallCopyIsNotCutInTwo() {
    copyIn(random(PAGE_BYTES - 300), 0);
    copyIn(random(300), 5000);
    assertThat(stream.sends).isEqualTo(2);
  }

  @Test
  void largePiecesAreSharedOutAmongThreads() {
    byte[] memory = new byte[4 << 20];
    byte[] arrived = new byte[3_000_001];
    StagingRing.Transfers atOnce =
        new StagingRing.Transfers() {
          @Override
          public void send(long offset, long bytes, long address) {
            System.arraycopy(memory, (int) offset, arrived, (int) address, (int) bytes);
          }

          @Override
          public void mark(int page) {}

          @Override
          public void await(int page) {}
        };
    byte[] sent = random(arrived.length);
    new StagingRing(MemorySegment.ofArray(memory), 4, atOnce)
        .copyIn(MemorySegment.ofArray(sent), 0);
    assertThat(arrived).isEqualTo(sent);
  }
}
