// How the kernels of batch normalisation cut (N, C) into rows of a thread, and what they sum.
#pragma once

#include "../cuda/fours.cuh"

/** Rows of which a thread makes a sum. */
constexpr int SUM_ROWS = 32;

/** Rows that a thread normalises: so many that its channels' factors are soon paid for. */
constexpr int MAP_ROWS = 8;

/** Threads of a block that joins the sums of blocks. */
constexpr int JOIN_THREADS = 512;

/** Rows of one column: how many, their mean, and their squared distances from it. */
struct Moments {
  float rows;
  float mean;
  float squares;

  __device__ __forceinline__ float first() const { return mean; }
  __device__ __forceinline__ float second() const { return squares; }

  __device__ __forceinline__ void add(const Moments& other) {
    if (other.rows > 0.0f) {
      float all = rows + other.rows;
      float step = other.mean - mean;
      float moved = step * (other.rows / all);
      squares += other.squares + step * rows * moved;
      mean += moved;
      rows = all;
    }
  }
};

/** Σ dy·(x − μ) and Σ dy of one column. */
struct Products {
  float centred;
  float plain;

  __device__ __forceinline__ float first() const { return centred; }
  __device__ __forceinline__ float second() const { return plain; }

  __device__ __forceinline__ void add(const Products& other) {
    centred += other.centred;
    plain += other.plain;
  }
};

/** The first of `rows` rows of this thread, which lie blockDim.y apart; blockIdx.x counts chunks. */
__device__ __forceinline__ long long firstRow(int rows) {
  return (long long)blockIdx.x * blockDim.y * rows + threadIdx.y;
}

/** How many of them there are. */
__device__ __forceinline__ int rowsLeft(int n, int rows) {
  long long left = (n - firstRow(rows) + blockDim.y - 1) / blockDim.y;
  return (int)max(0ll, min(left, (long long)rows));
}

/** w/√(σ² + ε). */
__device__ __forceinline__ float scaleOf(float w, float variance, float epsilon) {
  return w / sqrtf(variance + epsilon);
}

/** The same of four columns. */
__device__ __forceinline__ void loadGains(
    const float* w, const float* variance, int column, int c, float epsilon, float (&gain)[PACK]) {
  float spread[PACK];
  loadFour<false>(w, column, c, gain);
  loadFour<false>(variance, column, c, spread);
#pragma unroll
  for (int i = 0; i < PACK; i++) {
    gain[i] = scaleOf(gain[i], spread[i], epsilon);
  }
}

/** Writes what a block knows of its columns to its rows of partial (chunks, 2, C). */
template <typename S>
__device__ __forceinline__ void storePartial(
    const S (&own)[PACK], float* partial, int column, int c) {
  if (threadIdx.y == 0) {
    partial += (long long)blockIdx.x * 2 * c;
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      if (column + i < c) {
        partial[column + i] = own[i].first();
        partial[c + column + i] = own[i].second();
      }
    }
  }
}

/**
 * y_row = f(x_row, i) for column i of four of a thread in its rows; y may be x. Past its last row a
 * thread loads that row again: no branch keeps one load waiting for another.
 */
template <bool PACKED, typename T, typename F>
__device__ __forceinline__ void mapRows(const T* x, T* y, int column, int n, int c, F f) {
  constexpr int AT_ONCE = 4;
  int rows = rowsLeft(n, MAP_ROWS);
  long long first = firstRow(MAP_ROWS) * c;
  long long step = (long long)blockDim.y * c;
#pragma unroll
  for (int begin = 0; begin < MAP_ROWS; begin += AT_ONCE) {
    if (begin < rows) {
      float v[AT_ONCE][PACK];
#pragma unroll
      for (int k = 0; k < AT_ONCE; k++) {
        loadFour<PACKED>(x + first + min(begin + k, rows - 1) * step, column, c, v[k]);
      }
#pragma unroll
      for (int k = 0; k < AT_ONCE; k++) {
#pragma unroll
        for (int i = 0; i < PACK; i++) {
          v[k][i] = f(v[k][i], i);
        }
        if (begin + k < rows) {
          storeFour<PACKED>(y + first + (begin + k) * step, column, c, v[k]);
        }
      }
    }
  }
}

/** dx_row = f(x_row, dy_row, i), likewise; dx may be dy. */
template <bool PACKED, typename T, typename F>
__device__ __forceinline__ void mapTwoRows(
    const T* x, const T* dy, T* dx, int column, int n, int c, F f) {
  constexpr int AT_ONCE = 2;
  int rows = rowsLeft(n, MAP_ROWS);
  long long first = firstRow(MAP_ROWS) * c;
  long long step = (long long)blockDim.y * c;
#pragma unroll
  for (int begin = 0; begin < MAP_ROWS; begin += AT_ONCE) {
    if (begin < rows) {
      float v[AT_ONCE][PACK];
      float g[AT_ONCE][PACK];
#pragma unroll
      for (int k = 0; k < AT_ONCE; k++) {
        long long at = first + min(begin + k, rows - 1) * step;
        loadFour<PACKED>(x + at, column, c, v[k]);
        loadFour<PACKED>(dy + at, column, c, g[k]);
      }
#pragma unroll
      for (int k = 0; k < AT_ONCE; k++) {
#pragma unroll
        for (int i = 0; i < PACK; i++) {
          g[k][i] = f(v[k][i], g[k][i], i);
        }
        if (begin + k < rows) {
          storeFour<PACKED>(dx + first + (begin + k) * step, column, c, g[k]);
        }
      }
    }
  }
}
