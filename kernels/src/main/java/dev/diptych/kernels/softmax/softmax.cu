// Softmax and log-softmax of the rows of a matrix.
//
// Equation   y_j = exp(x_j − lse),  lse = max(x) + log Σ_j exp(x_j − max(x));  log: y_j = x_j − lse
// Shapes     x, y (N, C), f32 or bf16
// Traffic    read x once, write y once: 8·N·C bytes in f32 → memory-bound
// Method     one warp per row; the row held in registers up to C = 1024; by a block's registers up to
//            C = 4096; wider and odd rows by a block, which reads them again from the cache
// Backward   softmax: dx_j = y_j·(dy_j − Σ_l dy_l·y_l);  log: dx_j = dy_j − exp(y_j)·Σ_l dy_l
#include "../cuda/common.cuh"

/** Threads that hold a row of up to 4096 elements, four packs each. */
constexpr int BLOCK = 256;

/** A row of a warp, or of a block: where its elements lie, and how its holders join theirs. */
template <bool BY_BLOCK>
struct Row {
  static __device__ __forceinline__ long long number() { return BY_BLOCK ? blockIdx.x : warpRow(); }

  /** The column of register i of this thread. */
  static __device__ __forceinline__ int at(int i) {
    return BY_BLOCK ? (i / PACK * BLOCK + threadIdx.x) * PACK + i % PACK : column(i);
  }

  static __device__ __forceinline__ float sum(float x) { return BY_BLOCK ? sumBlock(x) : sumWarp(x); }

  static __device__ __forceinline__ float max(float x) { return BY_BLOCK ? maxBlock(x) : maxWarp(x); }

  template <int N, typename T>
  static __device__ __forceinline__ void load(float (&v)[N], const T* row, int c, float fill) {
#pragma unroll
    for (int i = 0; i < N; i += PACK) {
      if (at(i) < c) {
        loadPack(row + at(i), v + i);
      } else {
        v[i] = v[i + 1] = v[i + 2] = v[i + 3] = fill;
      }
    }
  }

  template <int N, typename T>
  static __device__ __forceinline__ void store(T* row, const float (&v)[N], int c) {
#pragma unroll
    for (int i = 0; i < N; i += PACK) {
      if (at(i) < c) {
        storePack(row + at(i), v + i);
      }
    }
  }
};

/** exp(x − max), where NaN and +∞ − ∞ come out as NaN, and −∞ as 0 unless the row has no more. */
template <int N, bool LOG, bool BY_BLOCK, typename T>
__device__ __forceinline__ void forward(const T* x, T* y, int n, int c) {
  typedef Row<BY_BLOCK> R;
  long long row = R::number();
  if (row >= n) {
    return;
  }
  float v[N];
  R::load(v, x + row * c, c, -INFINITY);
  float largest = -INFINITY;
#pragma unroll
  for (int i = 0; i < N; i++) {
    largest = Larger()(largest, v[i]);
  }
  largest = R::max(largest);
  float sum = 0.0f;
  float e[N];
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] -= largest;
    e[i] = expf(v[i]);
    sum += R::at(i) < c ? e[i] : 0.0f;
  }
  sum = R::sum(sum);
  float lse = logf(sum);
  float scale = 1.0f / sum;
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = LOG ? v[i] - lse : e[i] * scale;
  }
  R::store(y + row * c, v, c);
}

template <int N, bool LOG, bool BY_BLOCK, typename T>
__device__ __forceinline__ void backward(
    const T* y, const T* dy, T* dx, int n, int c) {
  typedef Row<BY_BLOCK> R;
  long long row = R::number();
  if (row >= n) {
    return;
  }
  float v[N];
  float g[N];
  R::load(v, y + row * c, c, 0.0f);
  R::load(g, dy + row * c, c, 0.0f);
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    sum = LOG ? sum + g[i] : fmaf(g[i], v[i], sum);
  }
  sum = R::sum(sum);
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = LOG ? g[i] - expf(v[i]) * sum : v[i] * (g[i] - sum);
  }
  R::store(dx + row * c, v, c);
}

/** A block a row, of any width. */
template <bool LOG, typename T>
__device__ __forceinline__ void forwardWide(const T* x, T* y, int c) {
  x += (long long)blockIdx.x * c;
  y += (long long)blockIdx.x * c;
  float largest = -INFINITY;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    largest = Larger()(largest, load(x + i));
  }
  largest = maxBlock(largest);
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    sum += expf(load(x + i) - largest);
  }
  sum = sumBlock(sum);
  float lse = logf(sum);
  float scale = 1.0f / sum;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float centred = load(x + i) - largest;
    store(y + i, LOG ? centred - lse : expf(centred) * scale);
  }
}

template <bool LOG, typename T>
__device__ __forceinline__ void backwardWide(const T* y, const T* dy, T* dx, int c) {
  y += (long long)blockIdx.x * c;
  dy += (long long)blockIdx.x * c;
  dx += (long long)blockIdx.x * c;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    sum = LOG ? sum + load(dy + i) : fmaf(load(dy + i), load(y + i), sum);
  }
  sum = sumBlock(sum);
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float v = load(y + i);
    float g = load(dy + i);
    store(dx + i, LOG ? g - expf(v) * sum : v * (g - sum));
  }
}

#define FORWARD(N, LOG, T, NAME, WIDTH, BY_BLOCK, THREADS)                                       \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME##_##WIDTH(                          \
      const T* x, T* y, int n, int c) {                                                          \
    forward<N, LOG, BY_BLOCK>(x, y, n, c);                                                       \
  }

#define BACKWARD(N, LOG, T, NAME, WIDTH, BY_BLOCK, THREADS)                                      \
  extern "C" __global__ void __launch_bounds__(THREADS) NAME##_##WIDTH(                          \
      const T* y, const T* dy, T* dx, int n, int c) {                                            \
    backward<N, LOG, BY_BLOCK>(y, dy, dx, n, c);                                                 \
  }

#define WARP_FORWARD(N, T, NAME, WIDTH) FORWARD(N, false, T, softmax_forward_##NAME, WIDTH, false, 128)
#define WARP_BACKWARD(N, T, NAME, WIDTH) BACKWARD(N, false, T, softmax_backward_##NAME, WIDTH, false, 128)
#define WARP_LOG_FORWARD(N, T, NAME, WIDTH) \
  FORWARD(N, true, T, log_softmax_forward_##NAME, WIDTH, false, 128)
#define WARP_LOG_BACKWARD(N, T, NAME, WIDTH) \
  BACKWARD(N, true, T, log_softmax_backward_##NAME, WIDTH, false, 128)

#define OTHERS(LOG, T, TYPE, NAME)                                                               \
  FORWARD(16, LOG, T, NAME##_forward_##TYPE, 4096, true, BLOCK)                                  \
  BACKWARD(16, LOG, T, NAME##_backward_##TYPE, 4096, true, BLOCK)                                \
  extern "C" __global__ void NAME##_forward_##TYPE##_wide(const T* x, T* y, int n, int c) {      \
    forwardWide<LOG>(x, y, c);                                                                   \
  }                                                                                              \
  extern "C" __global__ void NAME##_backward_##TYPE##_wide(                                      \
      const T* y, const T* dy, T* dx, int n, int c) {                                            \
    backwardWide<LOG>(y, dy, dx, c);                                                             \
  }

#define ALL(T, TYPE)                         \
  FOR_EACH_WIDTH(WARP_FORWARD, T, TYPE)      \
  FOR_EACH_WIDTH(WARP_BACKWARD, T, TYPE)     \
  FOR_EACH_WIDTH(WARP_LOG_FORWARD, T, TYPE)  \
  FOR_EACH_WIDTH(WARP_LOG_BACKWARD, T, TYPE) \
  OTHERS(false, T, TYPE, softmax)            \
  OTHERS(true, T, TYPE, log_softmax)

ALL(float, f32)
ALL(bf16, bf16)
