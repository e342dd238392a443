// The tokens of attention pooling: pixels as tokens with their mean in front, plus positions (CLIP
// paper §2.3.2).
//
// Equation   y_b,0 = pos_0 + 1/T Σ_t x_b,t;  y_b,1+t = pos_1+t + x_b,t
// Shapes     x (B, T, C), y (B, 1+T, C), f32 or bf16; pos (1+T, C), f32
// Traffic    read x once, write y once → memory-bound
// Method     a thread owns four channels of some tokens of a picture; the threads of a block that own
//            the same channels join their sums two by two
// Backward   dx_b,t = dy_b,1+t + dy_b,0/T;  dpos = Σ_b dy_b: a thread owns four channels of a token in
//            some pictures, joined likewise; dy_b,0, which every token reads, comes from the cache
#include "../cuda/fours.cuh"

/** blockIdx.x counts pictures: x and y are this one's. */
template <bool PACKED, typename T>
__device__ __forceinline__ void forwardTokens(
    const T* x, const float* positions, T* y, int column, int t, int c, Sum (&own)[PACK]) {
#pragma unroll 4 // that many loads on their way
  for (int token = threadIdx.y; token < t; token += blockDim.y) {
    float v[PACK];
    float position[PACK];
    loadFour<PACKED>(x + (long long)token * c, column, c, v);
    loadFour<false>(positions + (token + 1ll) * c, column, c, position);
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      own[i].value += v[i];
      v[i] += position[i];
    }
    storeFour<PACKED>(y + (token + 1ll) * c, column, c, v);
  }
}

template <typename T>
__device__ __forceinline__ void forward(const T* x, const float* positions, T* y, int t, int c) {
  x += (long long)blockIdx.x * t * c;
  y += (long long)blockIdx.x * (t + 1ll) * c;
  int column = firstColumn();
  Sum own[PACK] = {};
  if (column < c) {
    if (packed(x, c) && packed(y, c)) {
      forwardTokens<true>(x, positions, y, column, t, c, own);
    } else {
      forwardTokens<false>(x, positions, y, column, t, c, own);
    }
  }
  joinRows<FOURS_THREADS>(own);
  if (threadIdx.y == 0) {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      if (column + i < c) {
        store(y + column + i, positions[column + i] + own[i].value / t);
      }
    }
  }
}

/** blockIdx.x counts tokens, of which the first is the mean and has no dx. */
template <bool PACKED, typename T>
__device__ __forceinline__ void backwardToken(
    const T* dy, T* dx, int column, int pictures, int t, int c, Sum (&own)[PACK]) {
  long long token = blockIdx.x;
  float share = 1.0f / t;
#pragma unroll 4
  for (int b = threadIdx.y; b < pictures; b += blockDim.y) {
    const T* picture = dy + b * (t + 1ll) * c;
    float g[PACK];
    loadFour<PACKED>(picture + token * c, column, c, g);
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      own[i].value += g[i];
    }
    if (token > 0) {
      float ofMean[PACK];
      loadFour<PACKED>(picture, column, c, ofMean);
#pragma unroll
      for (int i = 0; i < PACK; i++) {
        g[i] = fmaf(ofMean[i], share, g[i]);
      }
      storeFour<PACKED>(dx + ((long long)b * t + token - 1) * c, column, c, g);
    }
  }
}

template <typename T>
__device__ __forceinline__ void backward(
    const T* dy, T* dx, float* dPositions, int pictures, int t, int c) {
  int column = firstColumn();
  Sum own[PACK] = {};
  if (column < c) {
    if (packed(dy, c) && packed(dx, c)) {
      backwardToken<true>(dy, dx, column, pictures, t, c, own);
    } else {
      backwardToken<false>(dy, dx, column, pictures, t, c, own);
    }
  }
  joinRows<FOURS_THREADS>(own);
  if (threadIdx.y == 0) {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      if (column + i < c) {
        dPositions[(long long)blockIdx.x * c + column + i] += own[i].value;
      }
    }
  }
}

#define KERNELS(T, TYPE)                                                                        \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) meantoken_forward_##TYPE(         \
      const T* __restrict__ x, const float* __restrict__ positions, T* __restrict__ y, int t,   \
      int c) {                                                                                  \
    forward(x, positions, y, t, c);                                                             \
  }                                                                                             \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) meantoken_backward_##TYPE(        \
      const T* __restrict__ dy, T* __restrict__ dx, float* __restrict__ dPositions,             \
      int pictures, int t, int c) {                                                             \
    backward(dy, dx, dPositions, pictures, t, c);                                               \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
