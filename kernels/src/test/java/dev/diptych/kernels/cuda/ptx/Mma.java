package dev.diptych.kernels.cuda.ptx;

/**
 * {@code mma.sync}: D = A·B + C by a whole warp, with A (16, K), B (K, 8), and C and D (16, 8)
 * spread over the registers of its lanes. Lane {@code l} is number {@code t = l mod 4} of group
 * {@code g = l / 4}: it holds rows g and g + 8 of A, C and D, and column g of B.
 *
 * <p>The sum is taken in double and rounded once. The device cuts off low bits of the products when
 * it lines them up, so that it differs in the last bits, and no kernel may depend on those.
 */
final class Mma {
  private static final int M = 16;
  private static final int N = 8;
  private static final int GROUP = 8;

  private Mma() {}

  static void requireWholeWarp(int lanes) {
    if (lanes != -1) {
      throw new Violation(
          Fault.Kind.LANE_MASK,
          String.format("an instruction of the whole warp, executed by lanes %08x", lanes));
    }
  }

  static Instruction decode(Form form) {
    form.require("sync");
    form.require("aligned");
    String shape = form.require("m16n8k16", "m16n8k8", "m16n8k4");
    form.require("row");
    form.require("col");
    form.finish();
    Type result = form.type(0);
    Type operand = form.type(1);
    Type addend = form.type(3);
    int depth = Integer.parseInt(shape.substring(shape.indexOf('k') + 1));
    boolean halves = operand == Type.F16 || operand == Type.BF16;
    boolean fits = halves ? depth >= 8 : operand == Type.TF32 && depth <= 8;
    boolean sums =
        result == addend && (result == Type.F32 || (result == Type.F16 && operand == Type.F16));
    if (!fits || operand != form.type(2) || !sums) {
      throw form.unknown("combination of shape and types");
    }
    return new Multiply(form, depth, operand, result);
  }

  private static final class Multiply extends Instruction {
    private final int depth;
    private final Type operand;
    private final int perWord;
    private final boolean halfSums;
    private final int[] d;
    private final int[] a;
    private final int[] b;
    private final int[] c;

    Multiply(Form form, int depth, Type operand, Type result) {
      this(
          form,
          depth,
          operand,
          result,
          form.wordTargets(0),
          form.words(1),
          form.words(2),
          form.words(3));
    }

    private Multiply(
        Form form, int depth, Type operand, Type result, int[] d, int[] a, int[] b, int[] c) {
      super(form);
      this.depth = depth;
      this.operand = operand;
      this.d = d;
      this.a = a;
      this.b = b;
      this.c = c;
      perWord = operand == Type.TF32 ? 1 : 2;
      halfSums = result == Type.F16;
      int words = M * depth / perWord / Warp.LANES;
      int sumWords = M * N / Warp.LANES / (halfSums ? 2 : 1);
      if (a.length != words
          || b.length * 2 != words
          || c.length != sumWords
          || d.length != sumWords) {
        throw form.unknown("number of registers");
      }
    }

    @Override
    int members(Warp warp, int lanes) {
      return -1;
    }

    @Override
    void execute(Warp warp, int lanes) {
      requireWholeWarp(lanes);
      double[] left = new double[M * depth];
      double[] right = new double[depth * N];
      for (int lane = 0; lane < Warp.LANES; lane++) {
        int group = lane >> 2;
        int column = (lane & 3) * perWord;
        for (int i = 0; i < a.length; i++) {
          int bits = warp.words[a[i] * Warp.LANES + lane];
          int at = (group + GROUP * (i & 1)) * depth + column + (i >> 1) * 4 * perWord;
          for (int e = 0; e < perWord; e++) {
            left[at + e] = element(bits, e);
          }
        }
        for (int i = 0; i < b.length; i++) {
          int bits = warp.words[b[i] * Warp.LANES + lane];
          int row = column + i * 4 * perWord;
          for (int e = 0; e < perWord; e++) {
            right[(row + e) * N + group] = element(bits, e);
          }
        }
      }
      double[] sums = new double[M * N];
      for (int i = 0; i < M; i++) {
        for (int k = 0; k < depth; k++) {
          double x = left[i * depth + k];
          for (int j = 0; j < N; j++) {
            sums[i * N + j] += x * right[k * N + j];
          }
        }
      }
      add(warp, sums);
    }

    private double element(int bits, int e) {
      return switch (operand) {
        case BF16 -> Numbers.fromBf16(bits >>> (16 * e) & 0xffff);
        case F16 -> Numbers.fromF16(bits >>> (16 * e) & 0xffff);
        default -> Numbers.cutToTf32(bits);
      };
    }

    /** D = sums + C, from and to the registers. */
    private void add(Warp warp, double[] sums) {
      for (int lane = 0; lane < Warp.LANES; lane++) {
        int first = (lane >> 2) * N + (lane & 3) * 2;
        if (halfSums) {
          for (int i = 0; i < 2; i++) {
            int old = warp.words[c[i] * Warp.LANES + lane];
            int at = first + i * GROUP * N;
            int low = half(sums[at] + Numbers.fromF16(old & 0xffff));
            int high = half(sums[at + 1] + Numbers.fromF16(old >>> 16));
            warp.words[d[i] * Warp.LANES + lane] = high << 16 | low;
          }
        } else {
          for (int i = 0; i < 4; i++) {
            float old = Float.intBitsToFloat(warp.words[c[i] * Warp.LANES + lane]);
            int at = first + (i >> 1) * GROUP * N + (i & 1);
            warp.words[d[i] * Warp.LANES + lane] = (int) Numbers.bits((float) (sums[at] + old));
          }
        }
      }
    }

    private static int half(double x) {
      return Numbers.toF16(Numbers.sticky(x), false);
    }
  }
}
