package dev.diptych.kernels.cuda.ptx;

import java.util.Arrays;
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
    int at = row * Warp.LANES;
    switch (name) {
      case "%tid.x", "%tid.y", "%tid.z" -> {
        Extent block = warp.block.launch().blockExtent();
        for (int lane = 0; lane < Warp.LANES; lane++) {
          Extent thread = block.at(warp.thread(lane));
          warp.words[at + lane] = along(thread, name.charAt(5));
        }
      }
      case "%laneid",
          "%lanemask_eq",
          "%lanemask_lt",
          "%lanemask_le",
          "%lanemask_gt",
          "%lanemask_ge" -> {
        for (int lane = 0; lane < Warp.LANES; lane++) {
          warp.words[at + lane] = ofLane(name, lane);
        }
      }
      default -> Arrays.fill(warp.words, at, at + Warp.LANES, ofWarp(name, warp));
    }
  }

  private static int along(Extent extent, char direction) {
    return direction == 'x' ? extent.x() : direction == 'y' ? extent.y() : extent.z();
  }

  private static int ofLane(String name, int lane) {
    return switch (name) {
      case "%laneid" -> lane;
      case "%lanemask_eq" -> 1 << lane;
      case "%lanemask_lt" -> (1 << lane) - 1;
      case "%lanemask_le" -> (2 << lane) - 1;
      case "%lanemask_gt" -> -(2 << lane);
      default -> -(1 << lane);
    };
  }

  private static int ofWarp(String name, Warp warp) {
    Launch launch = warp.block.launch();
    return switch (name) {
      case "%warpid" -> warp.index;
      case "%nwarpid" -> warp.block.warpCount();
      case "%dynamic_smem_size" -> launch.dynamicSharedBytes();
      default -> {
        char direction = name.charAt(name.length() - 1);
        yield name.startsWith("%ntid")
            ? along(launch.blockExtent(), direction)
            : name.startsWith("%nctaid")
                ? along(launch.grid(), direction)
                : along(warp.block.place(), direction);
      }
    };
  }
}
