// Rows of D elements of bf16 in shared memory, and how operands of the tensor cores come from them.
#pragma once

#include "../cuda/tensorcores.cuh"
#include "problem.cuh"

/** 16×16 elements: one register of each lane for each matrix of 8×8. */
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

/** Begins to copy `count` rows, those that do not exist as zeros; thread `thread` of `threads`. */
template <int D>
__device__ __forceinline__ void copyRows(
    bf16* to, const Rows<bf16>& rows, int count, int thread, int threads) {
  for (int i = thread; i < count * (D / 8); i += threads) {
    int row = i / (D / 8);
    int column = i % (D / 8) * 8;
    bool exists = row < rows.count;
    const bf16* from = exists ? rows.data + (long long)row * rows.stride + column : rows.data;
    copyAsync(sharedAddress(to + place<D>(row, column)), from, exists ? 16 : 0);
  }
}

/** Waits for all copies of this thread; those of others need a barrier after it. */
__device__ __forceinline__ void awaitCopies() {
  commitCopies();
  waitForCopies<0>();
}

/** Rows `row` to row + 15, columns `column` to column + 15, as the left operand. */
template <int D>
__device__ __forceinline__ void loadLeft(const bf16* rows, int row, int column, Fragment& a) {
  int lane = threadIdx.x % WARP;
  loadMatrices<false>(a, sharedAddress(rows + place<D>(row + lane % 16, column + lane / 16 * 8)));
}

/**
 * The same rows as two right operands, each row one column of it: registers 0 and 1 for rows 0 to 7,
 * 2 and 3 for rows 8 to 15.
 */
template <int D>
__device__ __forceinline__ void loadRight(const bf16* rows, int row, int column, Fragment& b) {
  int lane = threadIdx.x % WARP;
  int down = lane / 16 * 8 + lane % 8;
  loadMatrices<false>(b, sharedAddress(rows + place<D>(row + down, column + lane / 8 % 2 * 8)));
}

/**
 * The same rows as two right operands, each row one row of it: registers 0 and 1 for columns 0 to 7,
 * 2 and 3 for columns 8 to 15.
 */
template <int D>
__device__ __forceinline__ void loadTransposed(const bf16* rows, int row, int column, Fragment& b) {
  int lane = threadIdx.x % WARP;
  loadMatrices<true>(b, sharedAddress(rows + place<D>(row + lane % 16, column + lane / 16 * 8)));
}
