// Products of 16×16 by 16×8 in bf16 on the tensor cores (mma.sync), and how their operands come from
// rows of D elements in shared memory.
#pragma once

/** One register of each lane per 8×8 matrix of bf16: four of them are 16×16 elements. */
typedef unsigned Fragment[4];

/**
 * Elements from one row in shared memory to the next. Eight rows of a column of 16 bytes must lie in
 * different banks: by exchanging columns where rows are whole lines of banks, otherwise by a gap.
 */
template <int D>
constexpr int lineOf = D % 64 == 0 ? D : D + 8;

/** Where column `column`, a multiple of 8, of a row lies. */
template <int D>
__device__ __forceinline__ int place(int row, int column) {
  return row * lineOf<D> + (D % 64 == 0 ? column ^ row % 8 * 8 : column);
}

__device__ __forceinline__ unsigned sharedAddress(const bf16* p) {
  return (unsigned)__cvta_generic_to_shared(p);
}

/** Begins to copy `count` rows, those that do not exist as zeros; thread `thread` of `threads`. */
template <int D>
__device__ __forceinline__ void copyRows(
    bf16* to, const Rows<bf16>& rows, int count, int thread, int threads) {
  for (int i = thread; i < count * (D / 8); i += threads) {
    int row = i / (D / 8);
    int column = i % (D / 8) * 8;
    bool exists = row < rows.count;
    const bf16* from = exists ? rows.data + (long long)row * rows.stride + column : rows.data;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     sharedAddress(to + place<D>(row, column))),
                 "l"(__cvta_generic_to_global(from)), "r"(exists ? 16 : 0)
                 : "memory");
  }
}

/** Waits for all copies of this thread; those of others need a barrier after it. */
__device__ __forceinline__ void awaitCopies() {
  asm volatile("cp.async.wait_all;" ::: "memory");
}

/** Rows `row` to row + 15, columns `column` to column + 15, as the left operand. */
template <int D>
__device__ __forceinline__ void loadLeft(const bf16* rows, int row, int column, Fragment& a) {
  int lane = threadIdx.x % WARP;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
               : "r"(sharedAddress(rows + place<D>(row + lane % 16, column + lane / 16 * 8)))
               : "memory");
}

/**
 * The same rows as two right operands, each row one column of it: registers 0 and 1 for rows 0 to 7,
 * 2 and 3 for rows 8 to 15.
 */
template <int D>
__device__ __forceinline__ void loadRight(const bf16* rows, int row, int column, Fragment& b) {
  int lane = threadIdx.x % WARP;
  int down = lane / 16 * 8 + lane % 8;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(b[0]), "=r"(b[1]), "=r"(b[2]), "=r"(b[3])
               : "r"(sharedAddress(rows + place<D>(row + down, column + lane / 8 % 2 * 8)))
               : "memory");
}

/**
 * The same rows as two right operands, each row one row of it: registers 0 and 1 for columns 0 to 7,
 * 2 and 3 for columns 8 to 15.
 */
template <int D>
__device__ __forceinline__ void loadTransposed(const bf16* rows, int row, int column, Fragment& b) {
  int lane = threadIdx.x % WARP;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(b[0]), "=r"(b[1]), "=r"(b[2]), "=r"(b[3])
               : "r"(sharedAddress(rows + place<D>(row + lane % 16, column + lane / 16 * 8)))
               : "memory");
}

/** sum (16, 8) += a (16, 16) · b (16, 8). Lane l holds rows l/4 and l/4 + 8, columns 2·(l mod 4) and the next. */
__device__ __forceinline__ void multiplyAdd(
    float (&sum)[4], const Fragment& a, unsigned b0, unsigned b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
