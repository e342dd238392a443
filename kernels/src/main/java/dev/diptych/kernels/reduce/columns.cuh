// Sums of columns in a fixed order, for reduce.cu and for gradients of parameters.
#pragma once

#include "../cuda/common.cuh"

/** A block sums 32 columns; its warps take turns with the rows. */
constexpr int SUM_WARPS = 8;

/**
 * partial_chunk,c = Σ f(row, c) over the rows of one chunk, whose number depends on N alone:
 * blockIdx.x counts groups of 32 columns, blockIdx.y chunks. f reads: lanes lie side by side in a row.
 */
template <typename F>
__device__ __forceinline__ void sumChunk(float* partial, int n, int c, int rowsPerChunk, F f) {
  __shared__ float ofWarp[SUM_WARPS][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int column = blockIdx.x * WARP + lane;
  int begin = blockIdx.y * rowsPerChunk;
  int end = min(n, begin + rowsPerChunk);
  float sum = 0.0f;
  if (column < c) {
#pragma unroll 4 // that many loads on their way
    for (int row = begin + warp; row < end; row += SUM_WARPS) {
      sum += f(row, column);
    }
  }
  ofWarp[warp][lane] = sum;
  __syncthreads();
  if (warp == 0 && column < c) {
    sum = 0.0f;
#pragma unroll
    for (int i = 0; i < SUM_WARPS; i++) {
      sum += ofWarp[i][lane];
    }
    partial[(long long)blockIdx.y * c + column] = sum;
  }
}
