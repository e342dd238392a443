package dev.diptych.kernels.cuda.ptx;

import dev.diptych.kernels.cuda.ptx.Windows.Space;

/** Loads and stores: of one to four elements, from and to every kind of memory. */
final class Accesses {
  private Accesses() {}

  static Instruction load(Form form) {
    boolean readOnly = form.base().equals("ldu");
    Access access = describe(form);
    form.take("nc");
    Form.Target[] targets =
        form.group(0).stream()
            .map(o -> form.target(o, access.type.isWide()))
            .toArray(Form.Target[]::new);
    if (targets.length != access.count) {
      throw form.unknown("number of registers");
    }
    form.finish();
    if (readOnly) {
      throw form.unknown("ldu");
    }
    return new Load(form, access, form.place(1), targets);
  }

  static Instruction store(Form form) {
    Access access = describe(form);
    Form.Place place = form.place(0);
    Form.Source[] sources =
        form.group(1).stream().map(o -> form.source(o, access.type)).toArray(Form.Source[]::new);
    if (sources.length != access.count) {
      throw form.unknown("number of registers");
    }
    form.finish();
    return new Store(form, access, place, sources);
  }

  /** What the modifiers say: which memory, which type, how many, and whether others may meddle. */
  private record Access(Space space, Type type, int count, boolean strong) {
    int bytes() {
      return type.bytes * count;
    }
  }

  private static Access describe(Form form) {
    String vector = form.takeOneOf("v2", "v4", "v8");
    int count = vector == null ? 1 : vector.charAt(1) - '0';
    String order = form.takeOneOf("volatile", "relaxed", "acquire", "release", "weak");
    form.takeOneOf("cta", "cluster", "gpu", "sys");
    takeCacheHints(form);
    Space space = space(form);
    form.take("cta");
    Access access = new Access(space, form.type(), count, order != null && !order.equals("weak"));
    if (access.bytes() > 16) {
      throw form.unknown("more than 16 bytes at once");
    }
    return access;
  }

  /** The kind of memory that is named; constants lie in global memory here. */
  static Space space(Form form) {
    String name = form.takeOneOf("global", "shared", "local", "param", "const");
    return name == null
        ? Space.GENERIC
        : switch (name) {
          case "shared" -> Space.SHARED;
          case "local" -> Space.LOCAL;
          case "param" -> Space.PARAMETERS;
          default -> Space.GLOBAL;
        };
  }

  /** Caches do not change what a kernel computes. */
  static void takeCacheHints(Form form) {
    form.takeOneOf("ca", "cg", "cs", "lu", "cv", "wb", "wt");
    form.take("L1");
    form.takeOneOf("evict_normal", "evict_unchanged", "evict_first", "evict_last", "no_allocate");
    if (form.take("L2")) {
      form.takeOneOf("64B", "128B", "256B", "evict_last", "evict_normal", "evict_first");
      if (form.take("cache_hint")) {
        throw form.unknown(".L2::cache_hint");
      }
    }
  }

  /** What loads and stores have in common: from an address to a region and a place in it. */
  abstract static class Memory extends Instruction {
    private final Space space;
    private final Form.Place place;
    private final int bytes;

    Memory(Form form, Space space, Form.Place place, int bytes) {
      super(form);
      this.space = space;
      this.place = place;
      this.bytes = bytes;
    }

    /** The space of the address of a lane, which a generic address tells by itself. */
    final Space spaceOf(long address) {
      return space == Space.GENERIC ? Windows.of(address) : space;
    }

    final long address(Warp warp, int lane) {
      return place.address(warp, lane);
    }

    /** The memory that {@code address} of {@code lane} lies in. */
    final Region region(Warp warp, int lane, Space in, long address) {
      return switch (in) {
        case SHARED -> warp.block.shared();
        case LOCAL -> warp.local(lane);
        case PARAMETERS -> warp.block.launch().parameters();
        case GLOBAL, GENERIC -> warp.block.launch().memory().at(address);
      };
    }

    /** The byte of {@code region} that {@code address} is. */
    final int offset(Region region, Space in, long address) {
      if (region instanceof GlobalMemory.Allocation allocation) {
        return GlobalMemory.offset(allocation, address);
      }
      long offset = space == Space.GENERIC ? address - Windows.start(in) : address;
      return Math.clamp(offset, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    final boolean mayBeShared() {
      return space == Space.SHARED || space == Space.GENERIC;
    }

    /** Whether every address is known to lie in shared memory. */
    final boolean onlyShared() {
      return space == Space.SHARED;
    }

    @Override
    int sharedGranule() {
      return mayBeShared() ? bytes : 16;
    }
  }

  private static final class Load extends Memory {
    private final Access access;
    private final Form.Target[] targets;

    Load(Form form, Access access, Form.Place place, Form.Target[] targets) {
      super(form, access.space, place, access.type.bytes);
      this.access = access;
      this.targets = targets;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int size = access.type.bytes;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.lane = lane;
        long address = address(warp, lane);
        Space in = spaceOf(address);
        Region region = region(warp, lane, in, address);
        int at = offset(region, in, address);
        region.checkAligned(at, access.bytes());
        region.checkReadable(at, access.bytes());
        if (in == Space.SHARED) {
          if (access.strong) {
            warp.block.races().atomic(warp, lane, line(), at, access.bytes());
          } else {
            warp.block.races().read(warp, lane, line(), at, access.bytes());
          }
        }
        for (int i = 0; i < targets.length; i++) {
          long bits = region.peek(at + i * size, size);
          targets[i].set(warp, lane, access.type.isSigned() ? access.type.extend(bits) : bits);
        }
      }
    }
  }

  private static final class Store extends Memory {
    private final Access access;
    private final Form.Source[] sources;

    Store(Form form, Access access, Form.Place place, Form.Source[] sources) {
      super(form, access.space, place, access.type.bytes);
      this.access = access;
      this.sources = sources;
    }

    @Override
    void execute(Warp warp, int lanes) {
      int size = access.type.bytes;
      for (int rest = lanes; rest != 0; rest &= rest - 1) {
        int lane = Integer.numberOfTrailingZeros(rest);
        warp.lane = lane;
        long address = address(warp, lane);
        Space in = spaceOf(address);
        if (in == Space.PARAMETERS) {
          throw new Violation(Fault.Kind.OUT_OF_BOUNDS, "parameters cannot be written");
        }
        Region region = region(warp, lane, in, address);
        int at = offset(region, in, address);
        region.checkAligned(at, access.bytes());
        region.checkWritable(at, access.bytes());
        for (int i = 0; i < sources.length; i++) {
          long bits = access.type.extend(sources[i].bits(warp, lane));
          int place = at + i * size;
          if (in == Space.SHARED) {
            boolean unchanged = same(region, place, size, bits);
            if (access.strong) {
              warp.block.races().atomic(warp, lane, line(), place, size);
            } else {
              warp.block.races().write(warp, lane, line(), place, size, unchanged);
            }
          }
          region.poke(place, size, bits);
        }
        region.mark(at, access.bytes(), Region.WRITTEN);
      }
    }

    private static boolean same(Region region, int at, int size, long bits) {
      long mask = -1L >>> (64 - 8 * size);
      return (region.peek(at, size) & mask) == (bits & mask);
    }
  }
}
