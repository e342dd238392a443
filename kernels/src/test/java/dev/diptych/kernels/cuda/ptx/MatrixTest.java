package dev.diptych.kernels.cuda.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/**
 * Matrices in the registers of a warp. Where each element lies is as in the PTX manual's figures.
 */
class MatrixTest {
  /** Element (row, column) of the matrix that is written to shared memory: its number. */
  private static final String FILL =
      """
      mov.u32 %r9, tile;
      mad.lo.u32 %r0, %lane, 4, %r9;
      mul.lo.u32 %r1, %lane, 2;
      add.u32 %r2, %r1, 1;
      shl.b32 %r2, %r2, 16;
      or.b32 %r1, %r1, %r2;
      st.shared.u32 [%r0], %r1;
      bar.warp.sync -1;
      and.b32 %r3, %lane, 7;
      mad.lo.u32 %r4, %r3, 16, %r9;
      """;

  private static long[] lanes(String body) {
    return Snippet.run(body, new String[] {"b32", "b32"}, LongStream.range(0, 32).toArray());
  }

  @Test
  void aMatrixByRows() {
    long[] result = lanes(FILL + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%d}, [%r4];");
    for (int lane = 0; lane < 32; lane++) {
      int first = lane / 4 * 8 + lane % 4 * 2;
      assertThat(result[lane]).isEqualTo(first | (first + 1) << 16);
    }
  }

  @Test
  void aMatrixByColumns() {
    long[] result =
        lanes(FILL + "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r5, %d}, [%r4];");
    for (int lane = 0; lane < 32; lane++) {
      int first = lane % 4 * 2 * 8 + lane / 4;
      assertThat(result[lane]).isEqualTo(first | (first + 8) << 16);
    }
  }

  @Test
  void aMatrixBackToMemory() {
    long[] result =
        lanes(
            FILL
                + """
                ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r5}, [%r4];
                stmatrix.sync.aligned.m8n8.x1.trans.shared.b16 [%r4+256], {%r5};
                bar.warp.sync -1;
                ld.shared.u32 %d, [%r0+256];
                """);
    for (int lane = 0; lane < 32; lane++) {
      int row = lane / 4;
      int column = lane % 4 * 2;
      assertThat(result[lane]).isEqualTo((column * 8 + row) | ((column + 1) * 8 + row) << 16);
    }
  }

  @Test
  void aMatrixThatOtherLanesWroteNeedsABarrier() {
    String body = FILL.replace("bar.warp.sync -1;", "");
    assertThatThrownBy(() -> lanes(body + "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%d}, [%r4];"))
        .isInstanceOfSatisfying(Fault.class, f -> assertThat(f.kind()).isEqualTo(Fault.Kind.RACE));
  }

  /**
   * A·B + C with A[i][k] = i + 2k, B[k][j] = k − j, C[i][j] = i·j, put into registers by a formula
   * for each lane, all small integers, so that every format is exact.
   */
  private static void checkProduct(String instruction, int depth, int perWord) {
    int words = 16 * depth / perWord / 32;
    float[] result = new float[128];
    for (int register = 0; register < 4; register++) {
      StringBuilder body = new StringBuilder();
      body.append(".reg .b32 %A<4>;\n.reg .b32 %B<2>;\n.reg .f32 %C<4>;\n");
      body.append("shr.u32 %r0, %lane, 2; and.b32 %r1, %lane, 3;\n");
      for (int i = 0; i < words; i++) {
        for (int e = 0; e < perWord; e++) {
          // row = g + 8 (i mod 2), k = perWord · t + e + 4 perWord (i / 2)
          body.append(
              String.format(
                  "add.u32 %%r2, %%r0, %d; mad.lo.u32 %%r3, %%r1, %d, %d; mad.lo.u32 %%r4, %%r3, 2,"
                      + " %%r2; cvt.rn.f32.s32 %%f%d, %%r4;%n",
                  8 * (i & 1), perWord, e + 4 * perWord * (i >> 1), e));
        }
        body.append(pack("%A" + i, instruction));
      }
      for (int i = 0; i < words / 2; i++) {
        for (int e = 0; e < perWord; e++) {
          body.append(
              String.format(
                  "mad.lo.u32 %%r3, %%r1, %d, %d; sub.s32 %%r4, %%r3, %%r0; cvt.rn.f32.s32 %%f%d,"
                      + " %%r4;%n",
                  perWord, e + 4 * perWord * i, e));
        }
        body.append(pack("%B" + i, instruction));
      }
      for (int i = 0; i < 4; i++) {
        body.append(
            String.format(
                "add.u32 %%r2, %%r0, %d; mad.lo.u32 %%r3, %%r1, 2, %d; mul.lo.u32 %%r4, %%r2, %%r3;"
                    + " cvt.rn.f32.s32 %%C%d, %%r4;%n",
                8 * (i >> 1), i & 1, i));
      }
      String a = words == 4 ? "{%A0, %A1, %A2, %A3}" : "{%A0, %A1}";
      String b = words == 4 ? "{%B0, %B1}" : "{%B0}";
      body.append(instruction)
          .append(" {%C0, %C1, %C2, %C3}, ")
          .append(a)
          .append(", ")
          .append(b)
          .append(", {%C0, %C1, %C2, %C3};\n")
          .append(String.format("mov.b32 %%d, %%C%d;%n", register));
      long[] column = lanes(body.toString());
      for (int lane = 0; lane < 32; lane++) {
        int row = lane / 4 + 8 * (register >> 1);
        int j = lane % 4 * 2 + (register & 1);
        result[row * 8 + j] = Float.intBitsToFloat((int) column[lane]);
      }
    }
    for (int i = 0; i < 16; i++) {
      for (int j = 0; j < 8; j++) {
        float expected = i * j;
        for (int k = 0; k < depth; k++) {
          expected += (i + 2 * k) * (k - j);
        }
        assertThat(result[i * 8 + j]).as("(%s, %s)", i, j).isEqualTo(expected);
      }
    }
  }

  private static String pack(String register, String instruction) {
    if (instruction.contains("tf32")) {
      return "cvt.rna.tf32.f32 " + register + ", %f0;\n";
    }
    String type = instruction.contains("bf16") ? "bf16x2" : "f16x2";
    return "cvt.rn." + type + ".f32 " + register + ", %f1, %f0;\n";
  }

  @Test
  void productsOfEveryShapeAndType() {
    checkProduct("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, 2);
    checkProduct("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, 2);
    checkProduct("mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32", 8, 2);
    checkProduct("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 8, 1);
    checkProduct("mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32", 4, 1);
  }

  @Test
  void sumsInF16() {
    // A and B of ones, C of twos: 16 + 2 = 18 = 0x4C80.
    String body =
        """
        mov.b32 %r0, 0x3C003C00;
        mov.b32 %r1, 0x40004000;
        mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {%d, %r2}, {%r0, %r0, %r0, %r0}, {%r0, %r0}, {%r1, %r1};
        """;
    assertThat(lanes(body)).containsOnly(0x4C804C80);
  }

  @Test
  void aProductThatOnlySomeLanesComeTo() {
    assertThatThrownBy(() ->
            lanes(
                """
                mov.b32 %r0, 0;
                mov.b32 %f0, 0;
                mov.b32 %d, 0;
                setp.lt.u32 %p0, %lane, 31;
                @%p0 mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f0, %f1, %f2, %f3}, {%r0, %r0, %r0, %r0}, {%r0, %r0}, {%f0, %f0, %f0, %f0};
                """))
        .isInstanceOf(Fault.class);
  }
}
