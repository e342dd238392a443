package dev.diptych.kernels.cuda.ptx;

/**
 * {@code ldmatrix} and {@code stmatrix}: 8×8 matrices of 16-bit elements between shared memory and
 * the registers of a warp. Lane {@code 8·q + r} gives the address of row {@code r} of matrix {@code
 * q}; lane {@code l} gets elements {@code 2(l mod 4)} and the next of row {@code l / 4}, or with
 * {@code .trans} of column {@code l / 4}.
 */
final class Matrices {
  private static final int ROW_BYTES = 16;

  private Matrices() {}

  static Instruction decode(Form form) {
    boolean load = form.base().equals("ldmatrix");
    form.require("sync");
    form.require("aligned");
    form.require("m8n8");
    int count = form.require("x1", "x2", "x4").charAt(1) - '0';
    boolean transposed = form.take("trans");
    form.require("shared");
    form.take("cta");
    form.finish();
    int[] rows = load ? form.wordTargets(0) : form.words(1);
    if (rows.length != count) {
      throw form.unknown("number of registers");
    }
    return new Move(form, load, transposed, form.place(load ? 1 : 0), rows);
  }

  private static final class Move extends Instruction {
    private final boolean load;
    private final boolean transposed;
    private final Form.Place place;
    private final int[] registers;

    Move(Form form, boolean load, boolean transposed, Form.Place place, int[] registers) {
      super(form);
      this.load = load;
      this.transposed = transposed;
      this.place = place;
      this.registers = registers;
    }

    @Override
    int members(Warp warp, int lanes) {
      return -1;
    }

    @Override
    int sharedGranule() {
      return load ? 4 : 2;
    }

    @Override
    void execute(Warp warp, int lanes) {
      Mma.requireWholeWarp(lanes);
      int[] addresses = warp.scratch;
      for (int row = 0; row < 8 * registers.length; row++) {
        warp.lane = row;
        addresses[row] = checkedRow(warp, row);
      }
      SharedMemory shared = warp.block.shared();
      for (int q = 0; q < registers.length; q++) {
        int to = registers[q] * Warp.LANES;
        for (int lane = 0; lane < Warp.LANES; lane++) {
          int word = load ? 0 : warp.words[to + lane];
          for (int half = 0; half < 2; half++) {
            int along = (lane & 3) * 2 + half;
            int across = lane >> 2;
            int at =
                addresses[8 * q + (transposed ? along : across)]
                    + 2 * (transposed ? across : along);
            if (load) {
              word |= (int) shared.peek(at, 2) << (16 * half);
            } else {
              warp.block.races().write(warp, lane, line(), at, 2, false);
              shared.store(at, 2, word >>> (16 * half) & 0xffff);
            }
          }
          if (load) {
            warp.words[to + lane] = word;
          }
        }
      }
    }

    private int checkedRow(Warp warp, int row) {
      int at = (int) place.address(warp, row);
      SharedMemory shared = warp.block.shared();
      shared.checkAligned(at, ROW_BYTES);
      if (load) {
        shared.checkReadable(at, ROW_BYTES);
        warp.block.races().read(warp, RaceDetector.WHOLE_WARP, line(), at, ROW_BYTES);
      } else {
        shared.checkWritable(at, ROW_BYTES);
      }
      return at;
    }
  }
}
