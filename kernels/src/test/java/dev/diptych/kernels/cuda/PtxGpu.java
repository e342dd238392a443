package dev.diptych.kernels.cuda;

import dev.diptych.kernels.cuda.ptx.Entry;
import dev.diptych.kernels.cuda.ptx.Extent;
import dev.diptych.kernels.cuda.ptx.PtxMachine;
import dev.diptych.kernels.cuda.ptx.PtxModule;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A GPU that is the PTX interpreter: runs the modules that ship, with the arguments as they are
 * packed for the driver. Every scope gets memory of its own that nothing was written to, so that a
 * kernel which reads what nobody wrote is caught even where a real GPU would recycle. A fill with
 * ones, which make NaNs, writes nothing either, so that reading past an input into the guard behind
 * it is caught too; only the host may look at such memory.
 */
public final class PtxGpu implements Gpu {
  private static final int SHARED_BYTES_UNASKED = 48 << 10;

  /** The byte that test inputs are surrounded by and outputs filled with. */
  private static final byte NOT_A_NUMBER = -1;

  private final PtxMachine machine = new PtxMachine();
  private final Map<String, PtxModule> modules = new HashMap<>();
  private final List<GpuPool> pools = new ArrayList<>();
  private final UnaryOperator<String> edit;
  private final CaptureGuard capturing = new CaptureGuard();
  private long allocated;

  /** What is being captured. */
  private Recording recording = new Recording();

  /** Work that was captured, and the memory of the scopes that it opened. */
  private final class Recording implements GpuGraph {
    final List<Runnable> work = new ArrayList<>();
    final List<GpuPool> pools = new ArrayList<>();
    boolean isClosed;

    @Override
    public void replay() {
      capturing.refuseReplay();
      if (isClosed) {
        throw new IllegalStateException("the graph has been closed");
      }
      work.forEach(Runnable::run);
    }

    @Override
    public void close() {
      capturing.refuseFree();
      isClosed = true;
      pools.forEach(GpuPool::trim);
    }
  }

  /** Runs the kernels as they ship. */
  public PtxGpu() {
    this(UnaryOperator.identity());
  }

  /** Runs them as {@code edit} makes them from the text that ships: to plant faults. */
  public PtxGpu(UnaryOperator<String> edit) {
    this.edit = edit;
  }

  @Override
  public GpuProperties properties() {
    return new GpuProperties("PTX interpreter", 8, 0, 2, 163 << 10, 1 << 20, 1L << 30);
  }

  @Override
  public DeviceMemory allocate(long bytes) {
    allocated += bytes;
    return new DeviceMemory(machine.memory().allocate(bytes), bytes);
  }

  @Override
  public long allocatedBytes() {
    return allocated;
  }

  @Override
  public void free(DeviceMemory memory) {
    capturing.refuseFree();
    machine.memory().free(memory.address());
    allocated -= memory.bytes();
  }

  @Override
  public GpuScope scope() {
    GpuPool pool = new GpuPool(this);
    (capturing.isOn() ? recording.pools : pools).add(pool);
    return pool.scope();
  }

  /** Frees the memory of the scopes that were closed. */
  public void freeUnused() {
    pools.forEach(GpuPool::trim);
    pools.removeIf(pool -> pool.held() == 0);
  }

  /** What is allocated: nothing, once every scope was closed and {@link #freeUnused} called. */
  public List<String> living() {
    return machine.memory().living();
  }

  @Override
  public void copyIn(MemorySegment from, DeviceMemory to) {
    checkLength(from.byteSize(), to.bytes());
    capturing.refuseCopyIn();
    machine.memory().write(to.address(), from);
  }

  @Override
  public void copyOut(DeviceMemory from, MemorySegment to) {
    checkLength(from.bytes(), to.byteSize());
    capturing.refuseCopyOut();
    machine.memory().peek(from.address(), to);
  }

  @Override
  public void copy(DeviceMemory from, DeviceMemory to) {
    checkLength(from.bytes(), to.bytes());
    run(() -> machine.memory().copy(from.address(), to.address(), from.bytes()));
  }

  /** Does it, or records it to be done later. */
  private void run(Runnable one) {
    if (capturing.isOn()) {
      recording.work.add(one);
    } else {
      one.run();
    }
  }

  @Override
  public GpuGraph capture(Runnable work) {
    capturing.begin();
    Recording graph = new Recording();
    recording = graph;
    boolean isDone = false;
    try {
      work.run();
      isDone = true;
      return graph;
    } finally {
      capturing.end();
      if (!isDone) {
        graph.close();
      }
    }
  }

  private static void checkLength(long from, long to) {
    if (from != to) {
      throw new IllegalArgumentException("a copy of " + from + " bytes to " + to);
    }
  }

  @Override
  public void fill(DeviceMemory memory, byte value) {
    if (value == NOT_A_NUMBER) {
      run(() -> machine.memory().poison(memory.address(), memory.bytes()));
    } else {
      run(() -> machine.memory().fill(memory.address(), memory.bytes(), value));
    }
  }

  @Override
  public void launch(Kernel kernel, Launch launch, Arguments arguments) {
    if (launch.isEmpty()) {
      return;
    }
    Entry entry = modules.computeIfAbsent(kernel.module(), this::load).entry(kernel.entry());
    if (launch.sharedBytes() > SHARED_BYTES_UNASKED) {
      machine.allowSharedMemory(entry, launch.sharedBytes());
    }
    byte[] packed = new byte[arguments.size()];
    arguments.packed().get(packed);
    Extent grid = new Extent(launch.gridX(), launch.gridY(), launch.gridZ());
    Extent block = new Extent(launch.blockX(), launch.blockY(), launch.blockZ());
    run(() -> machine.launch(entry, grid, block, launch.sharedBytes(), packed));
  }

  private PtxModule load(String resource) {
    try (InputStream in = PtxGpu.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new GpuException("The class path lacks " + resource + ".");
      }
      return machine.load(edit.apply(new String(in.readAllBytes(), StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void synchronize() {
    capturing.refuseSynchronize();
  }

  @Override
  public GpuEvent record() {
    capturing.refuseRecord();
    return new GpuEvent() {
      @Override
      public double millisecondsSince(GpuEvent start) {
        throw new UnsupportedOperationException("an interpreter's time says nothing of a GPU's");
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public void close() {}
}
