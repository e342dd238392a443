// Batch normalisation (Ioffe and Szegedy 2015).
//
// Equation   y = (x − μ)·rstd·w + b,  rstd = 1/√(σ² + ε);  μ, σ² of each channel: of the batch or running
// Shapes     x, y (N, C), f32 or bf16; w, b, μ, σ² (C), f32
// Traffic    statistics: read x; forward: read x, write y → memory-bound
// Method     a thread owns four channels of some rows; neighbours own neighbours. Sums: 32 rows a
//            thread, the threads of a block joined two by two, the blocks by a second launch, in an
//            order that the sizes alone decide. Statistics: a thread sums x − x₀ and its square, x₀ its
//            first row. Σ (x − x₀)² is at most 1 + 32 times Σ (x − μ)², so what cancels is little,
//            however large μ is; the joins are of (rows, mean, Σ (x − mean)²) (Chan, Golub, LeVeque 1983),
//            means counted from the first row of all, so that their rounding is not that of a large μ
// Backward   training: dx = w·rstd·(dy − mean(dy) − (x − μ)·rstd²·mean(dy·(x − μ)));  else dx = w·rstd·dy
//            dw = rstd·Σ dy·(x − μ),  db = Σ dy: a launch of sums as above, then one for dx
#include "rows.cuh"

/** The moments of this thread's columns in its rows, means counted from the first row of x. */
template <bool PACKED, typename T>
__device__ __forceinline__ void momentsOfRows(
    const T* x, int column, int n, int c, Moments (&own)[PACK]) {
  int rows = rowsLeft(n, SUM_ROWS);
  if (rows == 0 || column >= c) {
    return;
  }
  float origin[PACK];
  loadFour<PACKED>(x, column, c, origin);
  x += firstRow(SUM_ROWS) * c;
  long long step = (long long)blockDim.y * c;
  float shift[PACK];
  float sum[PACK] = {};
  float squares[PACK] = {};
  loadFour<PACKED>(x, column, c, shift);
#pragma unroll 4 // that many loads on their way
  for (int k = 0; k < rows; k++) {
    float v[PACK];
    loadFour<PACKED>(x + k * step, column, c, v);
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      float shifted = v[i] - shift[i];
      sum[i] += shifted;
      squares[i] = fmaf(shifted, shifted, squares[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < PACK; i++) {
    float rest = sum[i] / rows;
    own[i] = {(float)rows, (shift[i] - origin[i]) + rest, fmaf(-rest, sum[i], squares[i])};
  }
}

/** partial (chunks, 2, C): mean, counted from the first row, and Σ (x − mean)² of the rows of a block. */
template <typename T>
__device__ __forceinline__ void moments(const T* x, float* partial, int n, int c) {
  int column = firstColumn();
  Moments own[PACK] = {};
  if (packed(x, c)) {
    momentsOfRows<true>(x, column, n, c, own);
  } else {
    momentsOfRows<false>(x, column, n, c, own);
  }
  joinRows<FOURS_THREADS>(own);
  storePartial(own, partial, column, c);
}

/** Joins the chunks, of `rowsPerChunk` rows each but the last. */
template <typename T>
__device__ __forceinline__ void joinMoments(
    const T* x, const float* partial, float* mean, float* variance, int chunks, int n, int c,
    int rowsPerChunk) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  Moments own[1] = {};
  if (column < c) {
#pragma unroll 4
    for (int chunk = threadIdx.y; chunk < chunks; chunk += blockDim.y) {
      const float* from = partial + (long long)chunk * 2 * c + column;
      long long left = n - (long long)chunk * rowsPerChunk;
      own[0].add({(float)min(left, (long long)rowsPerChunk), from[0], from[c]});
    }
  }
  joinRows<JOIN_THREADS>(own);
  if (threadIdx.y == 0 && column < c) {
    mean[column] = load(x + column) + own[0].mean;
    variance[column] = own[0].squares / n;
  }
}

/** running ← running + momentum·(batch − running), the variance made unbiased: a thread a channel. */
extern "C" __global__ void batchnorm_update_running(
    const float* mean, const float* variance, float* runningMean, float* runningVariance, int c,
    float momentum, float unbiased) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < c) {
    runningMean[i] = fmaf(momentum, mean[i] - runningMean[i], runningMean[i]);
    float target = unbiased * variance[i];
    runningVariance[i] = fmaf(momentum, target - runningVariance[i], runningVariance[i]);
  }
}

template <typename T>
__device__ __forceinline__ void normalise(
    const T* x, const float* w, const float* b, const float* mean, const float* variance, T* y,
    int n, int c, float epsilon) {
  int column = firstColumn();
  if (column >= c) {
    return;
  }
  float mu[PACK];
  float gain[PACK];
  float bias[PACK];
  loadFour<false>(mean, column, c, mu);
  loadFour<false>(b, column, c, bias);
  loadGains(w, variance, column, c, epsilon, gain);
  auto f = [&](float v, int i) { return fmaf(v - mu[i], gain[i], bias[i]); };
  if (packed(x, c) && packed(y, c)) {
    mapRows<true>(x, y, column, n, c, f);
  } else {
    mapRows<false>(x, y, column, n, c, f);
  }
}

/** Both sums of this thread's columns over its rows. */
template <bool PACKED, typename T>
__device__ __forceinline__ void productsOfRows(
    const T* x, const T* dy, const float* mean, int column, int n, int c, Products (&own)[PACK]) {
  if (column >= c) {
    return;
  }
  int rows = rowsLeft(n, SUM_ROWS);
  long long first = firstRow(SUM_ROWS) * c;
  long long step = (long long)blockDim.y * c;
  float mu[PACK];
  loadFour<false>(mean, column, c, mu);
#pragma unroll 4
  for (int k = 0; k < rows; k++) {
    float v[PACK];
    float g[PACK];
    loadFour<PACKED>(x + first + k * step, column, c, v);
    loadFour<PACKED>(dy + first + k * step, column, c, g);
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      own[i].centred = fmaf(g[i], v[i] - mu[i], own[i].centred);
      own[i].plain += g[i];
    }
  }
}

/** partial (chunks, 2, C): Σ dy·(x − μ) and Σ dy over the rows of each block. */
template <typename T>
__device__ __forceinline__ void products(
    const T* x, const T* dy, const float* mean, float* partial, int n, int c) {
  int column = firstColumn();
  Products own[PACK] = {};
  if (packed(x, c) && packed(dy, c)) {
    productsOfRows<true>(x, dy, mean, column, n, c, own);
  } else {
    productsOfRows<false>(x, dy, mean, column, n, c, own);
  }
  joinRows<FOURS_THREADS>(own);
  storePartial(own, partial, column, c);
}

/** Joins the chunks: adds to dw and db; terms (2, C): the slope of dx in x − μ, and the mean of dy. */
extern "C" __global__ void __launch_bounds__(JOIN_THREADS) batchnorm_join_products(
    const float* partial, const float* variance, float* dw, float* db, float* terms, int chunks,
    int n, int c, float epsilon) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  Products own[1] = {};
  if (column < c) {
#pragma unroll 4
    for (int chunk = threadIdx.y; chunk < chunks; chunk += blockDim.y) {
      const float* from = partial + (long long)chunk * 2 * c + column;
      own[0].add({from[0], from[c]});
    }
  }
  joinRows<JOIN_THREADS>(own);
  if (threadIdx.y == 0 && column < c) {
    float rstd = scaleOf(1.0f, variance[column], epsilon);
    float ofWeight = own[0].centred * rstd;
    dw[column] += ofWeight;
    db[column] += own[0].plain;
    terms[column] = ofWeight * rstd / n;
    terms[c + column] = own[0].plain / n;
  }
}

/** dx where mean and variance are functions of x. */
template <typename T>
__device__ __forceinline__ void backward(
    const T* x, const float* w, const float* mean, const float* variance, const float* terms,
    const T* dy, T* dx, int n, int c, float epsilon) {
  int column = firstColumn();
  if (column >= c) {
    return;
  }
  float mu[PACK];
  float gain[PACK];
  float slope[PACK];
  float meanDy[PACK];
  loadFour<false>(mean, column, c, mu);
  loadFour<false>(terms, column, c, slope);
  loadFour<false>(terms + c, column, c, meanDy);
  loadGains(w, variance, column, c, epsilon, gain);
  auto f = [&](float v, float g, int i) {
    return gain[i] * fmaf(mu[i] - v, slope[i], g - meanDy[i]);
  };
  if (packed(x, c) && packed(dy, c) && packed(dx, c)) {
    mapTwoRows<true>(x, dy, dx, column, n, c, f);
  } else {
    mapTwoRows<false>(x, dy, dx, column, n, c, f);
  }
}

/** dx where they are not. */
template <typename T>
__device__ __forceinline__ void scale(
    const float* w, const float* variance, const T* dy, T* dx, int n, int c, float epsilon) {
  int column = firstColumn();
  if (column >= c) {
    return;
  }
  float gain[PACK];
  loadGains(w, variance, column, c, epsilon, gain);
  auto f = [&](float g, int i) { return gain[i] * g; };
  if (packed(dy, c) && packed(dx, c)) {
    mapRows<true>(dy, dx, column, n, c, f);
  } else {
    mapRows<false>(dy, dx, column, n, c, f);
  }
}

#define KERNELS(T, TYPE)                                                                          \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS)                                     \
      batchnorm_moments_##TYPE(const T* x, float* partial, int n, int c) {                        \
    moments(x, partial, n, c);                                                                    \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(JOIN_THREADS) batchnorm_join_moments_##TYPE(       \
      const T* x, const float* partial, float* mean, float* variance, int chunks, int n, int c,   \
      int rowsPerChunk) {                                                                         \
    joinMoments(x, partial, mean, variance, chunks, n, c, rowsPerChunk);                          \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) batchnorm_normalise_##TYPE(         \
      const T* x, const float* w, const float* b, const float* mean, const float* variance, T* y, \
      int n, int c, float epsilon) {                                                              \
    normalise(x, w, b, mean, variance, y, n, c, epsilon);                                         \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) batchnorm_products_##TYPE(          \
      const T* x, const T* dy, const float* mean, float* partial, int n, int c) {                 \
    products(x, dy, mean, partial, n, c);                                                         \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) batchnorm_backward_##TYPE(          \
      const T* x, const float* w, const float* mean, const float* variance, const float* terms,   \
      const T* dy, T* dx, int n, int c, float epsilon) {                                          \
    backward(x, w, mean, variance, terms, dy, dx, n, c, epsilon);                                 \
  }                                                                                               \
  extern "C" __global__ void __launch_bounds__(FOURS_THREADS) batchnorm_scale_##TYPE(             \
      const float* w, const float* variance, const T* dy, T* dx, int n, int c, float epsilon) {   \
    scale(w, variance, dy, dx, n, c, epsilon);                                                    \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
