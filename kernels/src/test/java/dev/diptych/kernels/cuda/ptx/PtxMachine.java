package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.parallel.Parallel;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A device that is a program: it loads PTX, owns memory, and runs grids of blocks, on as many
 * threads as {@link Parallel} has. Whatever the threads, the results are the same: blocks share
 * nothing but global memory, and where they use atomics on it they run one after the other.
 */
public final class PtxMachine {
  private static final int MOST_THREADS = 1024;
  private static final Extent MOST_BLOCK = new Extent(1024, 1024, 64);
  private static final Extent MOST_GRID = new Extent(Integer.MAX_VALUE, 65_535, 65_535);

  /** Shared memory that a block may have without asking. */
  private static final int SHARED_BYTES = 48 * 1024;

  /** Instructions of warps after which a block is taken to be in an endless loop. */
  private static final long STEP_LIMIT = 400_000_000L;

  private final GlobalMemory memory = new GlobalMemory();
  private final Map<Entry, Integer> sharedLimits = new HashMap<>();
  private final long stepLimit;

  /** A device that gives a block {@value #STEP_LIMIT} instructions. */
  public PtxMachine() {
    this(STEP_LIMIT);
  }

  /** A device that gives a block {@code stepLimit} instructions, counted by warps. */
  public PtxMachine(long stepLimit) {
    this.stepLimit = stepLimit;
  }

  /**
   * What a launch did.
   *
   * @param warpInstructions instructions, counted once for a warp
   * @param laneInstructions counted for every lane that executed them
   */
  public record Statistics(long warpInstructions, long laneInstructions) {}

  /** The memory of the device. */
  public GlobalMemory memory() {
    return memory;
  }

  /**
   * Reads a PTX text and places its variables.
   *
   * @throws PtxException if it holds something that this interpreter does not know
   */
  public PtxModule load(String ptx) {
    return new Parser(ptx, memory).parse();
  }

  /**
   * Lets the blocks of a kernel have up to {@code bytes} of dynamic shared memory, as {@code
   * cuFuncSetAttribute} does.
   *
   * @throws Fault if no block can have that much
   */
  public void allowSharedMemory(Entry entry, int bytes) {
    int most = mostSharedBytes(entry.target());
    if (bytes + entry.shared().staticBytes() > most) {
      throw refused(
          entry,
          String.format("%d bytes of shared memory; %s has %d", bytes, entry.target(), most));
    }
    sharedLimits.put(entry, bytes);
  }

  /**
   * Shared memory that a block can have at most: CUDA C++ Programming Guide, compute capabilities.
   */
  private static int mostSharedBytes(String target) {
    return switch (target) {
      case "sm_80", "sm_87" -> 163 * 1024;
      case "sm_86", "sm_89" -> 99 * 1024;
      default -> target.startsWith("sm_7") ? 64 * 1024 : 227 * 1024;
    };
  }

  /**
   * Runs a kernel to its end.
   *
   * @param grid blocks
   * @param block threads of one block
   * @param dynamicSharedBytes shared memory of a block beside its fixed variables
   * @param parameters the values of the parameters, each at its offset
   * @throws Fault if the launch is not possible or the kernel does what it must not do; of several
   *     blocks at fault the first is reported
   */
  public Statistics launch(
      Entry entry, Extent grid, Extent block, int dynamicSharedBytes, byte[] parameters) {
    check(entry, grid, block, dynamicSharedBytes, parameters);
    Launch launch =
        new Launch(
            entry,
            memory,
            new PlainRegion("the parameters", parameters),
            grid,
            block,
            dynamicSharedBytes,
            stepLimit,
            entry.registers().initial());
    Instruction[] code = entry.code().toArray(Instruction[]::new);
    int blocks = Math.toIntExact(grid.count());
    AtomicLong warpInstructions = new AtomicLong();
    AtomicLong laneInstructions = new AtomicLong();
    AtomicReferenceArray<Fault> faults = new AtomicReferenceArray<>(blocks);
    AtomicLong firstFault = new AtomicLong(Long.MAX_VALUE);
    java.util.function.IntConsumer run =
        number -> {
          if (number > firstFault.get()) {
            return;
          }
          Block running = new Block(launch, code, number);
          try {
            running.run();
          } catch (Fault fault) {
            faults.set(number, fault);
            firstFault.accumulateAndGet(number, Math::min);
          }
          warpInstructions.addAndGet(running.warpInstructions());
          laneInstructions.addAndGet(running.laneInstructions());
        };
    if (entry.usesGlobalAtomics()) {
      for (int number = 0; number < blocks; number++) {
        run.accept(number);
      }
    } else {
      Parallel.run(blocks, run);
    }
    if (firstFault.get() < blocks) {
      throw faults.get((int) firstFault.get());
    }
    return new Statistics(warpInstructions.get(), laneInstructions.get());
  }

  private void check(
      Entry entry, Extent grid, Extent block, int dynamicSharedBytes, byte[] parameters) {
    if (parameters.length != entry.parameterBytes()) {
      throw refused(
          entry, parameters.length + " bytes of parameters; it takes " + entry.parameterBytes());
    }
    if (outside(grid, MOST_GRID)) {
      throw refused(entry, "a grid of " + grid + " blocks; possible are 1 to " + MOST_GRID);
    }
    if (outside(block, MOST_BLOCK) || block.count() > MOST_THREADS) {
      throw refused(entry, "blocks of " + block + " threads; possible are 1 to " + MOST_THREADS);
    }
    Extent compiled = entry.maxThreads();
    if (compiled != null) {
      boolean fits =
          entry.exactThreads() ? block.equals(compiled) : block.count() <= compiled.count();
      if (!fits) {
        throw refused(entry, "blocks of " + block + " threads; it was compiled for " + compiled);
      }
    }
    int allowed = sharedLimits.getOrDefault(entry, SHARED_BYTES - entry.shared().staticBytes());
    if (dynamicSharedBytes < 0 || dynamicSharedBytes > allowed) {
      throw refused(
          entry,
          dynamicSharedBytes
              + " bytes of dynamic shared memory; without an attribute set it may have "
              + allowed);
    }
  }

  private static boolean outside(Extent extent, Extent most) {
    return extent.x() < 1
        || extent.y() < 1
        || extent.z() < 1
        || extent.x() > most.x()
        || extent.y() > most.y()
        || extent.z() > most.z();
  }

  private static Fault refused(Entry entry, String what) {
    return new Fault(
        Fault.Kind.BAD_LAUNCH,
        0,
        Fault.Kind.BAD_LAUNCH + " of kernel " + entry.name() + ": " + what);
  }
}
