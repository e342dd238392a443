// Layer normalisation (Ba, Kiros, Hinton 2016).
//
// Equation   y = (x − μ)·rstd·w + b,  μ = mean(x),  rstd = 1/√(mean((x − μ)²) + ε)
// Shapes     x, y (N, C), f32 or bf16; w, b (C), f32; saves μ, rstd (N), f32
// Traffic    read x once, write y once: 8·N·C bytes in f32 → memory-bound
// Method     one warp per row; the row held in registers up to C = 1024; wider and odd rows by a
//            block, which reads them again from the cache
// Backward   dx = rstd·(g − mean(g) − n·mean(g·n)),  g = dy·w,  n = (x − μ)·rstd
//            dw = Σ_rows dy·n,  db = Σ_rows dy: each warp sums over its rows in registers, the warps
//            of a block in shared memory, the blocks in a second launch (reduce.cu), in fixed order
#include "../reduce/columns.cuh"

/** A warp a row. */
template <int N, typename T>
__device__ __forceinline__ void forward(
    const T* x, const float* w, const float* b, T* y, float* mean, float* rstd, int n, int c,
    float epsilon) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  float v[N];
  loadRow(v, x + row * c, c, 0.0f);
  float sum = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    sum += v[i];
  }
  float mu = sumWarp(sum) / c;
  float squares = 0.0f;
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = column(i) < c ? v[i] - mu : 0.0f;
    squares = fmaf(v[i], v[i], squares);
  }
  float scale = 1.0f / sqrtf(sumWarp(squares) / c + epsilon);
  if (threadIdx.x % WARP == 0) {
    mean[row] = mu;
    rstd[row] = scale;
  }
  float gain[N];
  float bias[N];
  loadRow(gain, w, c, 0.0f);
  loadRow(bias, b, c, 0.0f);
#pragma unroll
  for (int i = 0; i < N; i++) {
    v[i] = fmaf(v[i] * scale, gain[i], bias[i]);
  }
  storeRow(y + row * c, v, c);
}

/** A block a row, of any width. */
template <typename T>
__device__ __forceinline__ void forwardWide(
    const T* x, const float* w, const float* b, T* y, float* mean, float* rstd, int c,
    float epsilon) {
  x += (long long)blockIdx.x * c;
  y += (long long)blockIdx.x * c;
  float sum = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    sum += load(x + i);
  }
  float mu = sumBlock(sum) / c;
  float squares = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float centred = load(x + i) - mu;
    squares = fmaf(centred, centred, squares);
  }
  float scale = 1.0f / sqrtf(sumBlock(squares) / c + epsilon);
  if (threadIdx.x == 0) {
    mean[blockIdx.x] = mu;
    rstd[blockIdx.x] = scale;
  }
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    store(y + i, fmaf((load(x + i) - mu) * scale, w[i], b[i]));
  }
}

/** Warps of a block of the backward pass. */
constexpr int BACKWARD_WARPS = 4;

/**
 * dx, and partial (blocks, 2, C): what the rows of a block give to dw and db. A warp a row, some rows
 * one after the other.
 */
template <int N, typename T>
__device__ __forceinline__ void backward(
    const T* x, const float* w, const float* mean, const float* rstd, const T* dy, T* dx,
    float* partial, int n, int c, int rowsPerWarp) {
  extern __shared__ float ofWarps[]; // (warps, C): dw, then db
  int warp = threadIdx.x / WARP;
  float dw[N];
  float db[N];
#pragma unroll
  for (int i = 0; i < N; i++) {
    dw[i] = 0.0f;
    db[i] = 0.0f;
  }
  for (int k = 0; k < rowsPerWarp; k++) {
    long long row = ((long long)blockIdx.x * rowsPerWarp + k) * BACKWARD_WARPS + warp;
    if (row >= n) {
      break;
    }
    float v[N];
    float g[N];
    float gain[N];
    loadRow(v, x + row * c, c, 0.0f);
    loadRow(g, dy + row * c, c, 0.0f);
    loadRow(gain, w, c, 0.0f); // from the cache: registers are dearer
    float mu = mean[row];
    float scale = rstd[row];
    float sumG = 0.0f;
    float sumGn = 0.0f;
#pragma unroll
    for (int i = 0; i < N; i++) {
      v[i] = column(i) < c ? (v[i] - mu) * scale : 0.0f;
      dw[i] = fmaf(g[i], v[i], dw[i]);
      db[i] += g[i];
      g[i] *= gain[i];
      sumG += g[i];
      sumGn = fmaf(g[i], v[i], sumGn);
    }
    float meanG = sumWarp(sumG) / c;
    float meanGn = sumWarp(sumGn) / c;
#pragma unroll
    for (int i = 0; i < N; i++) {
      v[i] = scale * (g[i] - meanG - v[i] * meanGn);
    }
    storeRow(dx + row * c, v, c);
  }
  float* out = partial + (long long)blockIdx.x * 2 * c;
#pragma unroll 1
  for (int which = 0; which < 2; which++) {
    __syncthreads(); // what was written for dw has been read
#pragma unroll
    for (int i = 0; i < N; i++) {
      if (column(i) < c) {
        ofWarps[warp * c + column(i)] = which == 0 ? dw[i] : db[i];
      }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < c; i += blockDim.x) {
      float sum = 0.0f;
      for (int from = 0; from < BACKWARD_WARPS; from++) {
        sum += ofWarps[from * c + i];
      }
      out[which * c + i] = sum;
    }
  }
}

/** dx alone: a block a row, of any width. */
template <typename T>
__device__ __forceinline__ void backwardWide(
    const T* x, const float* w, const float* mean, const float* rstd, const T* dy, T* dx, int c) {
  x += (long long)blockIdx.x * c;
  dy += (long long)blockIdx.x * c;
  dx += (long long)blockIdx.x * c;
  float mu = mean[blockIdx.x];
  float scale = rstd[blockIdx.x];
  float sumG = 0.0f;
  float sumGn = 0.0f;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float g = load(dy + i) * w[i];
    sumG += g;
    sumGn = fmaf(g, (load(x + i) - mu) * scale, sumGn);
  }
  float meanG = sumBlock(sumG) / c;
  float meanGn = sumBlock(sumGn) / c;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    float normalised = (load(x + i) - mu) * scale;
    store(dx + i, scale * (load(dy + i) * w[i] - meanG - normalised * meanGn));
  }
}

/** partial (chunks, 2, C) of dw (which = 0, blockIdx.z) and db (1). */
template <typename T>
__device__ __forceinline__ void weightsWide(
    const T* x, const float* mean, const float* rstd, const T* dy, float* partial, int n, int c,
    int rowsPerChunk) {
  int which = blockIdx.z;
  // Row `chunk` of partial is 2·C long; sumChunk counts in rows of C.
  float* out = partial + (long long)blockIdx.y * c + (long long)which * c;
  sumChunk(out, n, c, rowsPerChunk, [=](int row, int column) {
    long long at = (long long)row * c + column;
    float g = load(dy + at);
    return which == 0 ? g * ((load(x + at) - mean[row]) * rstd[row]) : g;
  });
}

#define ROWS(N, T, TYPE, WIDTH)                                                                  \
  extern "C" __global__ void __launch_bounds__(128) layernorm_forward_##TYPE##_##WIDTH(          \
      const T* x, const float* w, const float* b, T* y, float* mean, float* rstd, int n, int c,  \
      float epsilon) {                                                                           \
    forward<N>(x, w, b, y, mean, rstd, n, c, epsilon);                                           \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(128, 3) layernorm_backward_##TYPE##_##WIDTH(      \
      const T* x, const float* w, const float* mean, const float* rstd, const T* dy, T* dx,      \
      float* partial, int n, int c, int rowsPerWarp) {                                           \
    backward<N>(x, w, mean, rstd, dy, dx, partial, n, c, rowsPerWarp);                           \
  }

#define WIDE(T, TYPE)                                                                            \
  extern "C" __global__ void layernorm_forward_##TYPE##_wide(                                    \
      const T* x, const float* w, const float* b, T* y, float* mean, float* rstd, int n, int c,  \
      float epsilon) {                                                                           \
    forwardWide(x, w, b, y, mean, rstd, c, epsilon);                                             \
  }                                                                                              \
  extern "C" __global__ void layernorm_backward_##TYPE##_wide(                                   \
      const T* x, const float* w, const float* mean, const float* rstd, const T* dy, T* dx,      \
      int c) {                                                                                   \
    backwardWide(x, w, mean, rstd, dy, dx, c);                                                   \
  }                                                                                              \
  extern "C" __global__ void layernorm_weights_##TYPE##_wide(                                    \
      const T* x, const float* mean, const float* rstd, const T* dy, float* partial, int n,      \
      int c, int rowsPerChunk) {                                                                 \
    weightsWide(x, mean, rstd, dy, partial, n, c, rowsPerChunk);                                 \
  }

FOR_EACH_WIDTH(ROWS, float, f32)
FOR_EACH_WIDTH(ROWS, bf16, bf16)
WIDE(float, f32)
WIDE(bf16, bf16)
