// What all kernels share: two element types, packs of four elements, rows held by a warp, sums in a
// fixed order. Elements are computed with as f32 whatever they are stored as.
#pragma once

#include <stdint.h>

constexpr int WARP = 32;
constexpr unsigned ALL_LANES = 0xffffffffu;

/** The upper half of a float: 8 bits of exponent, 8 of precision. */
struct bf16 {
  unsigned short bits;
};

__device__ __forceinline__ float load(const float* p) { return *p; }

__device__ __forceinline__ float load(const bf16* p) {
  return __uint_as_float((unsigned)p->bits << 16);
}

__device__ __forceinline__ void store(float* p, float x) { *p = x; }

__device__ __forceinline__ void store(bf16* p, float x) {
  asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(p->bits) : "f"(x));
}

/** Two numbers as bf16, the first in the lower half. */
__device__ __forceinline__ unsigned packBf16(float low, float high) {
  unsigned both;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(both) : "f"(high), "f"(low));
  return both;
}

__device__ __forceinline__ float lowBf16(unsigned both) { return __uint_as_float(both << 16); }

__device__ __forceinline__ float highBf16(unsigned both) {
  return __uint_as_float(both & 0xffff0000u);
}

/** Elements that are loaded and stored at once. */
constexpr int PACK = 4;

__device__ __forceinline__ void loadPack(const float* p, float* v) {
  float4 four = *reinterpret_cast<const float4*>(p);
  v[0] = four.x;
  v[1] = four.y;
  v[2] = four.z;
  v[3] = four.w;
}

__device__ __forceinline__ void loadPack(const bf16* p, float* v) {
  uint2 four = *reinterpret_cast<const uint2*>(p);
  v[0] = lowBf16(four.x);
  v[1] = highBf16(four.x);
  v[2] = lowBf16(four.y);
  v[3] = highBf16(four.y);
}

__device__ __forceinline__ void storePack(float* p, const float* v) {
  *reinterpret_cast<float4*>(p) = make_float4(v[0], v[1], v[2], v[3]);
}

__device__ __forceinline__ void storePack(bf16* p, const float* v) {
  *reinterpret_cast<uint2*>(p) = make_uint2(packBf16(v[0], v[1]), packBf16(v[2], v[3]));
}

/** Whether packs can be read and written at this address. */
template <typename T>
__device__ __forceinline__ bool aligned(const T* p) {
  return reinterpret_cast<uintptr_t>(p) % (PACK * sizeof(T)) == 0;
}

// --- Every element by itself -----------------------------------------------------------------

/** y_i = f(x_i, i); y may be x. A thread takes one pack: what waits for memory are many threads. */
template <typename T, typename F>
__device__ __forceinline__ void map(const T* x, T* y, long long n, F f) {
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(x) && aligned(y) && block + blockDim.x * PACK <= n) {
    long long at = block + threadIdx.x * PACK;
    float v[PACK];
    loadPack(x + at, v);
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      v[k] = f(v[k], at + k);
    }
    storePack(y + at, v);
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n) {
        store(y + at, f(load(x + at), at));
      }
    }
  }
}

/** y_i = f(a_i, b_i); y may be a or b. */
template <typename T, typename F>
__device__ __forceinline__ void map2(const T* a, const T* b, T* y, long long n, F f) {
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(a) && aligned(b) && aligned(y) && block + blockDim.x * PACK <= n) {
    long long at = block + threadIdx.x * PACK;
    float v[PACK];
    float w[PACK];
    loadPack(a + at, v);
    loadPack(b + at, w);
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      v[k] = f(v[k], w[k]);
    }
    storePack(y + at, v);
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n) {
        store(y + at, f(load(a + at), load(b + at)));
      }
    }
  }
}

// --- Sums, in an order that depends on nothing -----------------------------------------------

struct Add {
  __device__ float operator()(float a, float b) const { return a + b; }
};

/** The larger one, and NaN if one is. */
struct Larger {
  __device__ float operator()(float a, float b) const { return a > b || a != a ? a : b; }
};

/** The elements of all lanes joined, in every lane. */
template <typename F>
__device__ __forceinline__ float joinWarp(float x, F f) {
#pragma unroll
  for (int distance = WARP / 2; distance > 0; distance /= 2) {
    x = f(x, __shfl_xor_sync(ALL_LANES, x, distance));
  }
  return x;
}

__device__ __forceinline__ float sumWarp(float x) { return joinWarp(x, Add()); }

__device__ __forceinline__ float maxWarp(float x) { return joinWarp(x, Larger()); }

/** The elements of all threads joined, in every thread; for blocks of whole warps. */
template <typename F>
__device__ __forceinline__ float joinBlock(float x, float nothing, F f) {
  __shared__ float ofWarp[WARP];
  int warps = blockDim.x / WARP;
  x = joinWarp(x, f);
  __syncthreads(); // ofWarp may still be read from the join before
  if (threadIdx.x % WARP == 0) {
    ofWarp[threadIdx.x / WARP] = x;
  }
  __syncthreads();
  int lane = threadIdx.x % WARP;
  return joinWarp(lane < warps ? ofWarp[lane] : nothing, f);
}

__device__ __forceinline__ float sumBlock(float x) { return joinBlock(x, 0.0f, Add()); }

__device__ __forceinline__ float maxBlock(float x) {
  return joinBlock(x, -INFINITY, Larger());
}

// --- A row in the registers of a warp --------------------------------------------------------

/** The row of a matrix that this warp treats. */
__device__ __forceinline__ long long warpRow() {
  return (long long)blockIdx.x * (blockDim.x / WARP) + threadIdx.x / WARP;
}

/**
 * The column whose element register i of this lane holds: packs of four that follow one another.
 * Rows must be aligned and C a multiple of four; it is past the row's end if it is C or more.
 */
__device__ __forceinline__ int column(int i) {
  return (i / PACK * WARP + threadIdx.x % WARP) * PACK + i % PACK;
}

/** Registers past the row's end become {@code fill}. */
template <int N, typename T>
__device__ __forceinline__ void loadRow(float (&v)[N], const T* row, int c, float fill) {
#pragma unroll
  for (int i = 0; i < N; i += PACK) {
    if (column(i) < c) {
      loadPack(row + column(i), v + i);
    } else {
      v[i] = v[i + 1] = v[i + 2] = v[i + 3] = fill;
    }
  }
}

template <int N, typename T>
__device__ __forceinline__ void storeRow(T* row, const float (&v)[N], int c) {
#pragma unroll
  for (int i = 0; i < N; i += PACK) {
    if (column(i) < c) {
      storePack(row + column(i), v + i);
    }
  }
}

/**
 * Declares KERNEL(N, TYPE, NAME, WIDTH) for each width of row that a warp holds in N registers a lane.
 */
#define FOR_EACH_WIDTH(KERNEL, TYPE, NAME) \
  KERNEL(8, TYPE, NAME, 256)               \
  KERNEL(16, TYPE, NAME, 512)              \
  KERNEL(24, TYPE, NAME, 768)              \
  KERNEL(32, TYPE, NAME, 1024)
