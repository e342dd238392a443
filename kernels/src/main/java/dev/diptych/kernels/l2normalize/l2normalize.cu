// Rows brought to length one.
//
// Equation   y = x/‖x‖, and 0 where x is 0
// Shapes     x, y (N, C), f32 or bf16; saves 1/‖x‖ (N), f32
// Traffic    read x once, write y once: 8·N·C bytes in f32 → memory-bound
// Method     one warp per row; the row held in registers up to C = 1024; wider and odd rows by a
//            block. The largest element is divided out before squaring, so rows of any size work
// Backward   dx = (dy − y·(y·dy))/‖x‖
#include "../cuda/common.cuh"

/**
 * A power of two that brings the row's largest element near 1: then squares neither overflow nor
 * vanish. 1 where there is none (0, ∞, NaN).
 */
__device__ __forceinline__ float inversePowerOfTwo(float x) {
  unsigned exponent = __float_as_uint(x) >> 23 & 0xff;
  if (x == 0.0f || exponent == 255) {
    return 1.0f;
  }
  return __uint_as_float(min(max(254 - (int)exponent, 1), 253) << 23); // no subnormal, no ∞
}

template <int N, typename T>
__device__ __forceinline__ void forward(
    const T* x, T* y, float* inverseNorm, int n, int c) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  float v[N];
  loadRow(v, x + row * c, c, 0.0f);
  float largest = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    largest = Larger()(largest, fabsf(v[i]));
  }
  largest = maxWarp(largest);
  float first = inversePowerOfTwo(largest);
  float squares = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] *= first;
    squares = fmaf(v[i], v[i], squares);
  }
  squares = sumWarp(squares);
  float second = squares == 0.0f ? 0.0f : 1.0f / sqrtf(squares);
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] *= second;
  }
  storeRow(y + row * c, v, c);
  if (threadIdx.x % WARP == 0) {
    inverseNorm[row] = first * second;
  }
}

template <int N, typename T>
__device__ __forceinline__ void backward(
    const T* y, const float* inverseNorm, const T* dy, T* dx, int n, int c) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  float v[N];
  float g[N];
  loadRow(v, y + row * c, c, 0.0f);
  loadRow(g, dy + row * c, c, 0.0f);
  float along = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    along = fmaf(v[i], g[i], along);
  }
  along = sumWarp(along);
  float scale = inverseNorm[row];
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = (g[i] - v[i] * along) * scale;
  }
  storeRow(dx + row * c, v, c);
}

/** A block a row, of any width. */
template <typename T>
__device__ __forceinline__ void forwardWide(const T* x, T* y, float* inverseNorm, int c) {
  x += (long long)blockIdx.x * c;
  y += (long long)blockIdx.x * c;
  float largest = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    largest = Larger()(largest, fabsf(load(x + i)));
  }
  float first = inversePowerOfTwo(maxBlock(largest));
  float squares = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float scaled = load(x + i) * first;
    squares = fmaf(scaled, scaled, squares);
  }
  squares = sumBlock(squares);
  float second = squares == 0.0f ? 0.0f : 1.0f / sqrtf(squares);
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    store(y + i, load(x + i) * first * second);
  }
  if (threadIdx.x == 0) {
    inverseNorm[blockIdx.x] = first * second;
  }
}

template <typename T>
__device__ __forceinline__ void backwardWide(
    const T* y, const float* inverseNorm, const T* dy, T* dx, int c) {
  y += (long long)blockIdx.x * c;
  dy += (long long)blockIdx.x * c;
  dx += (long long)blockIdx.x * c;
  float along = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    along = fmaf(load(y + i), load(dy + i), along);
  }
  along = sumBlock(along);
  float scale = inverseNorm[blockIdx.x];
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    store(dx + i, (load(dy + i) - load(y + i) * along) * scale);
  }
}

#define ROWS(N, T, TYPE, WIDTH)                                                                  \
  extern "C" __global__ void __launch_bounds__(128) l2normalize_forward_##TYPE##_##WIDTH(        \
      const T* x, T* y, float* inverseNorm, int n, int c) {                                      \
    forward<N>(x, y, inverseNorm, n, c);                                                         \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(128) l2normalize_backward_##TYPE##_##WIDTH(       \
      const T* y, const float* inverseNorm, const T* dy, T* dx, int n, int c) {                  \
    backward<N>(y, inverseNorm, dy, dx, n, c);                                                   \
  }

#define WIDE(T, TYPE)                                                                            \
  extern "C" __global__ void l2normalize_forward_##TYPE##_wide(                                  \
      const T* x, T* y, float* inverseNorm, int n, int c) {                                      \
    forwardWide(x, y, inverseNorm, c);                                                           \
  }                                                                                              \
  extern "C" __global__ void l2normalize_backward_##TYPE##_wide(                                 \
      const T* y, const float* inverseNorm, const T* dy, T* dx, int n, int c) {                  \
    backwardWide(y, inverseNorm, dy, dx, c);                                                     \
  }

FOR_EACH_WIDTH(ROWS, float, f32)
FOR_EACH_WIDTH(ROWS, bf16, bf16)
WIDE(float, f32)
WIDE(bf16, bf16)
