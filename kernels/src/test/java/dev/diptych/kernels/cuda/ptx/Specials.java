package dev.diptych.kernels.cuda.ptx;

import java.util.Set;

/** The registers that the hardware fills. Clocks are left out: what depends on them is no test. */
final class Specials {
  private static final Set<String> NAMES =
      Set.of(
          "%tid.x",
          "%tid.y",
          "%tid.z",
          "%ntid.x",
          "%ntid.y",
          "%ntid.z",
          "%ctaid.x",
          "%ctaid.y",
          "%ctaid.z",
          "%nctaid.x",
          "%nctaid.y",
          "%nctaid.z",
          "%laneid",
          "%warpid",
          "%nwarpid",
          "%lanemask_eq",
          "%lanemask_lt",
          "%lanemask_le",
          "%lanemask_gt",
          "%lanemask_ge",
          "%dynamic_smem_size");

  private Specials() {}

  static boolean isKnown(String name) {
    return NAMES.contains(name);
  }

  /** Fills the row of a register for all lanes of a warp. */
  static void fill(String name, Warp warp, int row) {
    for (int lane = 0; lane < Warp.LANES; lane++) {
      warp.words[row * Warp.LANES + lane] = value(name, warp, lane);
    }
  }

  private static int value(String name, Warp warp, int lane) {
    Extent block = warp.block.launch().blockExtent();
    Extent grid = warp.block.launch().grid();
    Extent thread = block.at(warp.thread(lane));
    Extent place = warp.block.place();
    return switch (name) {
      case "%tid.x" -> thread.x();
      case "%tid.y" -> thread.y();
      case "%tid.z" -> thread.z();
      case "%ntid.x" -> block.x();
      case "%ntid.y" -> block.y();
      case "%ntid.z" -> block.z();
      case "%ctaid.x" -> place.x();
      case "%ctaid.y" -> place.y();
      case "%ctaid.z" -> place.z();
      case "%nctaid.x" -> grid.x();
      case "%nctaid.y" -> grid.y();
      case "%nctaid.z" -> grid.z();
      case "%laneid" -> lane;
      case "%warpid" -> warp.index;
      case "%nwarpid" -> warp.block.warpCount();
      case "%lanemask_eq" -> 1 << lane;
      case "%lanemask_lt" -> (1 << lane) - 1;
      case "%lanemask_le" -> (2 << lane) - 1;
      case "%lanemask_gt" -> ~((2 << lane) - 1);
      case "%lanemask_ge" -> ~((1 << lane) - 1);
      case "%dynamic_smem_size" -> warp.block.launch().dynamicSharedBytes();
      default -> throw new AssertionError(name);
    };
  }
}
