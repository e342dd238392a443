// Softmax and log-softmax of the rows of a matrix.
//
// Equation   y_j = exp(x_j − lse),  lse = max(x) + log Σ_j exp(x_j − max(x));  log: y_j = x_j − lse
// Shapes     x, y (N, C), f32
// Traffic    read x once, write y once: 8·N·C bytes → memory-bound
// Method     one warp per row; the row held in registers up to C = 1024; wider and odd rows by a
//            block, which reads them again from the cache
// Backward   softmax: dx_j = y_j·(dy_j − Σ_l dy_l·y_l);  log: dx_j = dy_j − exp(y_j)·Σ_l dy_l
#include "../cuda/common.cuh"

/** exp(x − max), where NaN and +∞ − ∞ come out as NaN, and −∞ as 0 unless the row has no more. */
template <int N, bool LOG>
__device__ __forceinline__ void forward(const float* x, float* y, int n, int c) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  float v[N];
  loadRow(v, x + row * c, c, -INFINITY);
  float largest = -INFINITY;
#pragma unroll
  for (int i = 0; i < N; i++) {
    largest = Larger()(largest, v[i]);
  }
  largest = maxWarp(largest);
  float sum = 0.0f;
  float e[N];
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] -= largest;
    e[i] = expf(v[i]);
    sum += column(i) < c ? e[i] : 0.0f;
  }
  sum = sumWarp(sum);
  float lse = logf(sum);
  float scale = 1.0f / sum;
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = LOG ? v[i] - lse : e[i] * scale;
  }
  storeRow(y + row * c, v, c);
}

template <int N, bool LOG>
__device__ __forceinline__ void backward(
    const float* y, const float* dy, float* dx, int n, int c) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  float v[N];
  float g[N];
  loadRow(v, y + row * c, c, 0.0f);
  loadRow(g, dy + row * c, c, 0.0f);
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    sum = LOG ? sum + g[i] : fmaf(g[i], v[i], sum);
  }
  sum = sumWarp(sum);
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = LOG ? g[i] - expf(v[i]) * sum : v[i] * (g[i] - sum);
  }
  storeRow(dx + row * c, v, c);
}

/** A block a row, of any width. */
template <bool LOG>
__device__ __forceinline__ void forwardWide(const float* x, float* y, int c) {
  x += (long long)blockIdx.x * c;
  y += (long long)blockIdx.x * c;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    largest = Larger()(largest, x[i]);
  }
  largest = maxBlock(largest);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    sum += expf(x[i] - largest);
  }
  sum = sumBlock(sum);
  float lse = logf(sum);
  float scale = 1.0f / sum;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    y[i] = LOG ? x[i] - largest - lse : expf(x[i] - largest) * scale;
  }
}

template <bool LOG>
__device__ __forceinline__ void backwardWide(const float* y, const float* dy, float* dx, int c) {
  y += (long long)blockIdx.x * c;
  dy += (long long)blockIdx.x * c;
  dx += (long long)blockIdx.x * c;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    sum = LOG ? sum + dy[i] : fmaf(dy[i], y[i], sum);
  }
  sum = sumBlock(sum);
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    dx[i] = LOG ? dy[i] - expf(y[i]) * sum : y[i] * (dy[i] - sum);
  }
}

#define ROWS(N, LOG, NAME, WIDTH)                                                                \
  extern "C" __global__ void __launch_bounds__(128) NAME##_forward_##WIDTH(                      \
      const float* x, float* y, int n, int c) {                                                  \
    forward<N, LOG>(x, y, n, c);                                                                 \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(128) NAME##_backward_##WIDTH(                     \
      const float* y, const float* dy, float* dx, int n, int c) {                                \
    backward<N, LOG>(y, dy, dx, n, c);                                                           \
  }

#define WIDE(LOG, NAME)                                                                          \
  extern "C" __global__ void NAME##_forward_wide(const float* x, float* y, int n, int c) {       \
    forwardWide<LOG>(x, y, c);                                                                   \
  }                                                                                              \
  extern "C" __global__ void NAME##_backward_wide(                                               \
      const float* y, const float* dy, float* dx, int n, int c) {                                \
    backwardWide<LOG>(y, dy, dx, c);                                                             \
  }

FOR_EACH_WIDTH(ROWS, false, softmax)
FOR_EACH_WIDTH(ROWS, true, log_softmax)
WIDE(false, softmax)
WIDE(true, log_softmax)
