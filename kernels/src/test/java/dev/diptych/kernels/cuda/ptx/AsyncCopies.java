package dev.diptych.kernels.cuda.ptx;

import java.util.Iterator;

/**
 * {@code cp.async}: copies from global to shared memory that go on while the thread does. A copy
 * may arrive at any time until the thread waits for its group, so here it arrives at the last
 * moment, and until then nobody may touch the place it goes to. After the wait only the thread that
 * issued it sees it: others need a barrier, as for any write.
 */
final class AsyncCopies {
  private AsyncCopies() {}

  static Instruction decode(Form form) {
    if (!form.take("async")) {
      throw form.unknown("only cp.async");
    }
    if (form.take("commit_group")) {
      form.finish();
      return new Commit(form);
    }
    if (form.take("wait_group")) {
      form.finish();
      return new Wait(form, (int) form.constant(0), false);
    }
    if (form.take("wait_all")) {
      form.finish();
      return new Wait(form, 0, true);
    }
    boolean aroundL1 = form.require("ca", "cg").equals("cg");
    form.require("shared");
    form.take("cta");
    form.require("global");
    Accesses.takeCacheHints(form);
    form.finish();
    int size = (int) form.constant(2);
    if (size != 16 && (aroundL1 || (size != 4 && size != 8))) {
      throw form.unknown("a copy of " + size + " bytes");
    }
    if (form.count() > 4) {
      throw form.unknown("cache policy");
    }
    boolean conditional = form.count() == 4 && form.isPredicate(3);
    return new Copy(
        form,
        form.place(0),
        form.place(1),
        size,
        form.count() == 4 && !conditional ? form.word(3) : -1,
        conditional ? form.predicate(3) : -1);
  }

  /** Copies of one instruction that are under way. */
  static final class Flight {
    private final int size;
    private final int line;
    private final int[] to = new int[Warp.LANES];
    private final int[] group = new int[Warp.LANES];
    private final byte[] bytes;
    private int lanes;

    Flight(int size, int line) {
      this.size = size;
      this.line = line;
      bytes = new byte[size * Warp.LANES];
    }

    /** Lets the copy of {@code lane} arrive. */
    private void land(Warp warp, int lane) {
      SharedMemory shared = warp.block.shared();
      System.arraycopy(bytes, lane * size, shared.data, to[lane], size);
      shared.mark(to[lane], size, Region.WRITTEN);
      warp.block.races().arrive(warp, lane, line, to[lane], size);
      lanes &= ~(1 << lane);
    }
  }

  private static final class Copy extends Instruction {
    private final Form.Place to;
    private final Form.Place from;
    private final int size;
    private final int sourceSize;
    private final int ignore;

    Copy(Form form, Form.Place to, Form.Place from, int size, int sourceSize, int ignore) {
      super(form);
      this.to = to;
      this.from = from;
      this.size = size;
      this.sourceSize = sourceSize;
      this.ignore = ignore;
    }

    @Override
    void execute(Warp warp, int lanes) {
      Flight flight = new Flight(size, line());
      flight.lanes = lanes;
      SharedMemory shared = warp.block.shared();
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.lane = lane;
        int count =
            sourceSize < 0 ? size : Math.clamp(warp.words[sourceSize * Warp.LANES + lane], 0, size);
        if (ignore >= 0 && (warp.predicates[ignore] >>> lane & 1) != 0) {
          count = 0;
        }
        if (count > 0) {
          long address = from.address(warp, lane);
          GlobalMemory.Allocation source = warp.block.launch().memory().at(address);
          int start = GlobalMemory.offset(source, address);
          source.checkAligned(start, size);
          source.checkReadable(start, count);
          System.arraycopy(source.data, start, flight.bytes, lane * size, count);
        }
        int target = (int) to.address(warp, lane);
        shared.checkAligned(target, size);
        shared.checkWritable(target, size);
        warp.block.races().write(warp, lane, line(), target, size, false);
        shared.mark(target, size, Region.PENDING);
        flight.to[lane] = target;
        flight.group[lane] = warp.groupsClosed[lane];
      }
      warp.flights.add(flight);
    }

    @Override
    int sharedGranule() {
      return size;
    }
  }

  /** Closes the group of all copies since the last one. */
  private static final class Commit extends Instruction {
    Commit(Form form) {
      super(form);
    }

    @Override
    void execute(Warp warp, int lanes) {
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        warp.groupsClosed[Integer.numberOfTrailingZeros(rest)]++;
      }
    }
  }

  /** Waits until at most {@code open} of the closed groups are under way. */
  private static final class Wait extends Instruction {
    private final int open;
    private final boolean all;

    Wait(Form form, int open, boolean all) {
      super(form);
      this.open = open;
      this.all = all;
    }

    @Override
    void execute(Warp warp, int lanes) {
      for (Iterator<Flight> flights = warp.flights.iterator(); flights.hasNext(); ) {
        Flight flight = flights.next();
        for (int rest = flight.lanes & lanes; rest != 0; rest &= rest - 1) {
          int lane = Integer.numberOfTrailingZeros(rest);
          if (all || flight.group[lane] < warp.groupsClosed[lane] - open) {
            flight.land(warp, lane);
          }
        }
        if (flight.lanes == 0) {
          flights.remove();
        }
      }
    }
  }
}
