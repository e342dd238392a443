// Threads that own four columns side by side, in rows of any width: for kernels that share something
// along a column, or sum it. The numbers of Fours.java.
#pragma once

#include "common.cuh"

/** Of a block: a power of two side by side, up to a warp, and the others above one another. */
constexpr int FOURS_THREADS = 256;

/** The first of this thread's columns, C or more if it has none: blockIdx.y counts groups of columns. */
__device__ __forceinline__ int firstColumn() {
  return (int)(blockIdx.y * blockDim.x + threadIdx.x) * PACK;
}

/** Whether the rows of a matrix can be read and written in packs. */
template <typename T>
__device__ __forceinline__ bool packed(const T* x, int c) {
  return c % PACK == 0 && aligned(x);
}

/** Four columns of a row, the first of them below C; zero for those past its end. */
template <bool PACKED, typename T>
__device__ __forceinline__ void loadFour(const T* row, int column, int c, float (&v)[PACK]) {
  if (PACKED) {
    loadPack(row + column, v);
  } else {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      v[i] = column + i < c ? load(row + column + i) : 0.0f;
    }
  }
}

template <bool PACKED, typename T>
__device__ __forceinline__ void storeFour(T* row, int column, int c, const float (&v)[PACK]) {
  if (PACKED) {
    storePack(row + column, v);
  } else {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      if (column + i < c) {
        store(row + column + i, v[i]);
      }
    }
  }
}

/** A sum, as `joinRows` takes it. */
struct Sum {
  float value;

  __device__ __forceinline__ void add(const Sum& other) { value += other.value; }
};

/**
 * What the threads above one another know of their N columns, joined two by two: whole in the threads
 * with threadIdx.y = 0. For blocks of THREADS threads, a power of two of them above one another.
 */
template <int THREADS, int N, typename S>
__device__ __forceinline__ void joinRows(S (&own)[N]) {
  __shared__ S ofThread[N][THREADS];
  int at = threadIdx.y * blockDim.x + threadIdx.x;
#pragma unroll
  for (int i = 0; i < N; i++) {
    ofThread[i][at] = own[i];
  }
#pragma unroll 1
  for (int half = blockDim.y / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half) {
#pragma unroll
      for (int i = 0; i < N; i++) {
        own[i].add(ofThread[i][at + half * blockDim.x]);
        ofThread[i][at] = own[i];
      }
    }
  }
}
