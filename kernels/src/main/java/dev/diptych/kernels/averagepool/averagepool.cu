// Average pooling without overlap, of pictures whose channels lie side by side.
//
// Equation   y_b,i,j,c = 1/K² Σ_u,v<K x_b,(i·K+u),(j·K+v),c
// Shapes     x (B, H, W, C), y (B, ⌊H/K⌋, ⌊W/K⌋, C), f32 or bf16; rows and columns left over count nowhere
// Traffic    read x once, write y once → memory-bound
// Method     a block a line of the output, a thread four channels of a pixel; K = 2, the usual one, is
//            compiled for, so that its four loads are on their way together
// Backward   dx_b,i,j,c = dy_b,⌊i/K⌋,⌊j/K⌋,c / K², zero for what is left over: dy comes from the cache
#include "../cuda/fours.cuh"

/** One line of y; x points to the first of the K lines of x above it. */
template <int FIXED_K, bool PACKED, typename T>
__device__ __forceinline__ void poolLine(const T* x, T* y, int width, int c, int anyK) {
  int k = FIXED_K > 0 ? FIXED_K : anyK;
  int fours = (c + PACK - 1) / PACK;
  int count = width / k * fours;
  float share = 1.0f / ((float)k * k);
  for (int at = threadIdx.x; at < count; at += blockDim.x) {
    int column = at % fours * PACK;
    long long pixel = at / fours;
    float sum[PACK] = {};
#pragma unroll(FIXED_K > 0 ? FIXED_K : 1)
    for (int u = 0; u < k; u++) {
#pragma unroll(FIXED_K > 0 ? FIXED_K : 1)
      for (int v = 0; v < k; v++) {
        float one[PACK];
        loadFour<PACKED>(x + ((long long)u * width + pixel * k + v) * c, column, c, one);
#pragma unroll
        for (int i = 0; i < PACK; i++) {
          sum[i] += one[i];
        }
      }
    }
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      sum[i] *= share;
    }
    storeFour<PACKED>(y + pixel * c, column, c, sum);
  }
}

/** blockIdx.x counts lines of y through all pictures. */
template <typename T>
__device__ __forceinline__ void pool(const T* x, T* y, int height, int width, int c, int k) {
  int lines = height / k; // of y in a picture
  long long first = (long long)(blockIdx.x / lines) * height + (long long)(blockIdx.x % lines) * k;
  x += first * width * c;
  y += (long long)blockIdx.x * (width / k) * c;
  bool packs = packed(x, c) && packed(y, c);
  if (packs && k == 2) {
    poolLine<2, true>(x, y, width, c, k);
  } else if (packs) {
    poolLine<0, true>(x, y, width, c, k);
  } else {
    poolLine<0, false>(x, y, width, c, k);
  }
}

/** One line of dx; dy points to the line of dy that it lies in, and is null if it lies in none. */
template <bool PACKED, typename T>
__device__ __forceinline__ void spreadLine(const T* dy, T* dx, int width, int c, int k) {
  int fours = (c + PACK - 1) / PACK;
  int outWidth = width / k;
  float share = 1.0f / ((float)k * k);
#pragma unroll 2
  for (int at = threadIdx.x; at < width * fours; at += blockDim.x) {
    int column = at % fours * PACK;
    int pixel = at / fours;
    int from = pixel / k;
    float v[PACK] = {};
    if (dy != nullptr && from < outWidth) {
      loadFour<PACKED>(dy + (long long)from * c, column, c, v);
    }
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      v[i] *= share;
    }
    storeFour<PACKED>(dx + (long long)pixel * c, column, c, v);
  }
}

/** blockIdx.x counts lines of dx through all pictures. */
template <typename T>
__device__ __forceinline__ void spread(const T* dy, T* dx, int height, int width, int c, int k) {
  int lines = height / k; // of dy in a picture
  int line = blockIdx.x % height / k;
  const T* from = nullptr;
  if (line < lines) {
    from = dy + ((long long)(blockIdx.x / height) * lines + line) * (width / k) * c;
  }
  dx += (long long)blockIdx.x * width * c;
  if (packed(dy, c) && packed(dx, c)) {
    spreadLine<true>(from, dx, width, c, k);
  } else {
    spreadLine<false>(from, dx, width, c, k);
  }
}

#define KERNELS(T, TYPE)                                               \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS, 5)       \
      averagepool_forward_##TYPE(                                      \
          const T* x, T* y, int height, int width, int c, int k) {     \
    pool(x, y, height, width, c, k);                                   \
  }                                                                    \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS)          \
      averagepool_backward_##TYPE(                                     \
          const T* dy, T* dx, int height, int width, int c, int k) {   \
    spread(dy, dx, height, width, c, k);                               \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
