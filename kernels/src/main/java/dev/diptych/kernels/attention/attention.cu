// Scaled dot-product attention for any sizes, exact: products and sums are f32 fma.
//
// Equation   s_ij = q_i·k_j/√D,  p_ij = exp(s_ij − lse_i),  lse_i = log Σ_j exp(s_ij)
//            y_i = Σ_j p_ij·v_j;  j runs over the keys that query i may see
// Shapes     q (B, Tq, ·), k, v (B, Tk, ·): rows of a stride, head h in columns h·D to h·D + D − 1
//            y (B, Tq, H·D); saves lse (B, H, Tq), f32
// Traffic    read q, k, v once, write y once; 4·Tq·Tk·D flops a head → compute-bound in f32
// Method     a block takes 64 queries of a head and goes through the keys 64 at a time with the online
//            softmax (Milakov, Gimelshein 2018): sums are scaled anew when a larger score comes; 256
//            threads hold 4×4 scores each. y is 64 columns wide: where D is larger, the blocks of the
//            other columns compute the scores again
// Backward   p from q, k and lse again;  delta_i = dy_i·y_i;  ds_ij = p_ij·(dy_i·v_j − delta_i)/√D
//            dq_i = Σ_j ds_ij·k_j: blocks of 64 queries;  dk_j = Σ_i ds_ij·q_i, dv_j = Σ_i p_ij·dy_i:
//            blocks of 64 keys. Each sum is one block's, in order: no atomics
//
// Spills of attention_backward_keys_bf16 and attention_backward_keys_f32, a few registers on sm_80:
// so that two blocks fit on a multiprocessor.
#include "problem.cuh"

constexpr int TILE = 64; // queries or keys of a block, and columns of what it sums
constexpr int THREADS = 256;
constexpr int SUMS = 4;  // of a thread, along each dimension
constexpr int SLICE = 16;
constexpr int LINE = TILE + PACK; // of shared memory: a gap against conflicts
constexpr int HALF_WARP = WARP / 2; // lanes that share four rows of a tile

typedef float Sums[SUMS][SUMS];

__device__ __forceinline__ int firstDown() { return threadIdx.x / 16 * SUMS; }

__device__ __forceinline__ int firstAcross() { return threadIdx.x % 16 * SUMS; }

__device__ __forceinline__ void clear(Sums& sum) {
#pragma unroll
  for (int i = 0; i < SUMS; i++) {
#pragma unroll
    for (int j = 0; j < SUMS; j++) {
      sum[i][j] = 0.0f;
    }
  }
}

/** sum += Aᵀ·B of A (depth, TILE) and B (depth, TILE) in shared memory. */
template <int DEPTH>
__device__ __forceinline__ void multiply(const float* a, const float* b, Sums& sum) {
#pragma unroll 16
  for (int k = 0; k < DEPTH; k++) {
    float va[SUMS];
    float vb[SUMS];
    loadPack(a + k * LINE + firstDown(), va);
    loadPack(b + k * LINE + firstAcross(), vb);
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
#pragma unroll
      for (int j = 0; j < SUMS; j++) {
        sum[i][j] = fmaf(va[i], vb[j], sum[i][j]);
      }
    }
  }
}

/** sum = X·Yᵀ of up to TILE rows of each, D long; by slices through `shared` (2·SLICE, LINE). */
template <typename T>
__device__ __forceinline__ void products(
    const Rows<T>& x, const Rows<T>& y, int d, float* shared, Sums& sum) {
  clear(sum);
#pragma unroll 1
  for (int from = 0; from < d; from += SLICE) {
    __syncthreads(); // what lay there has been read
#pragma unroll
    for (int i = threadIdx.x; i < TILE * SLICE; i += THREADS) {
      int row = i / SLICE;
      int column = i % SLICE;
      bool inRow = from + column < d;
      shared[column * LINE + row] = inRow ? x.get(row, from + column) : 0.0f;
      shared[(SLICE + column) * LINE + row] = inRow ? y.get(row, from + column) : 0.0f;
    }
    __syncthreads();
    multiply<SLICE>(shared, shared + SLICE * LINE, sum);
  }
}

/** sum += W·X[:, from to from + TILE] of weights W (rows, TILE), each thread holding its own. */
template <typename T>
__device__ __forceinline__ void weigh(
    const Sums& weights, const Rows<T>& x, int from, int d, float* ofWeights, float* ofX,
    Sums& sum) {
  __syncthreads(); // what lay there has been read
#pragma unroll
  for (int j = 0; j < SUMS; j++) {
    float column[SUMS];
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
      column[i] = weights[i][j];
    }
    storePack(ofWeights + (firstAcross() + j) * LINE + firstDown(), column);
  }
#pragma unroll 4
  for (int i = threadIdx.x; i < TILE * TILE; i += THREADS) {
    int column = from + i % TILE;
    ofX[i / TILE * LINE + i % TILE] = column < d ? x.get(i / TILE, column) : 0.0f;
  }
  __syncthreads();
  multiply<TILE>(ofWeights, ofX, sum);
}

/** Columns from on of the first `rows` rows. */
template <typename T>
__device__ __forceinline__ void put(
    const Sums& sum, T* to, int stride, int rows, int from, int d) {
#pragma unroll
  for (int i = 0; i < SUMS; i++) {
#pragma unroll
    for (int j = 0; j < SUMS; j++) {
      int column = from + firstAcross() + j;
      if (firstDown() + i < rows && column < d) {
        store(to + (long long)(firstDown() + i) * stride + column, sum[i][j]);
      }
    }
  }
}

/** f over the lanes that hold the same rows. */
template <typename F>
__device__ __forceinline__ float joinRow(float x, F f) {
#pragma unroll
  for (int distance = HALF_WARP / 2; distance > 0; distance /= 2) {
    x = f(x, __shfl_xor_sync(ALL_LANES, x, distance));
  }
  return x;
}

/** Block (head, tile of queries, tile of columns). */
template <typename T>
__device__ __forceinline__ void forward(
    const T* q, const T* k, const T* v, const int* keyLengths, T* y, float* lse,
    const Problem& p) {
  __shared__ __align__(16) float weights[TILE * LINE];
  __shared__ __align__(16) float operands[TILE * LINE];
  Head head(p, keyLengths, blockIdx.x);
  int query = blockIdx.y * TILE;
  int from = blockIdx.z * TILE;
  Rows<T> queries = head.queries(q).skip(query);
  int end = p.causal ? min(head.keys, query + TILE) : head.keys;
  Sums sum;
  clear(sum);
  float largest[SUMS];
  float total[SUMS];
#pragma unroll
  for (int i = 0; i < SUMS; i++) {
    largest[i] = -INFINITY;
    total[i] = 0.0f;
  }
#pragma unroll 1
  for (int key = 0; key < end; key += TILE) {
    Sums s;
    products(queries, head.keyRows(k).skip(key), p.d, operands, s);
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
      float most = -INFINITY;
#pragma unroll
      for (int j = 0; j < SUMS; j++) {
        bool sees = head.sees(query + firstDown() + i, key + firstAcross() + j);
        s[i][j] = sees ? s[i][j] * p.scale : -INFINITY;
        most = Larger()(most, s[i][j]);
      }
      most = Larger()(largest[i], joinRow(most, Larger()));
      float base = most == -INFINITY ? 0.0f : most; // no key so far: exp(−∞) is 0, not NaN
      float shrink = expf(largest[i] - base);
      float added = 0.0f;
#pragma unroll
      for (int j = 0; j < SUMS; j++) {
        s[i][j] = expf(s[i][j] - base);
        added += s[i][j];
        sum[i][j] *= shrink;
      }
      total[i] = fmaf(total[i], shrink, joinRow(added, Add()));
      largest[i] = most;
    }
    weigh(s, head.keyRows(v).skip(key), from, p.d, weights, operands, sum);
  }
#pragma unroll
  for (int i = 0; i < SUMS; i++) {
    int row = query + firstDown() + i;
    float scale = total[i] == 0.0f ? 0.0f : 1.0f / total[i];
#pragma unroll
    for (int j = 0; j < SUMS; j++) {
      sum[i][j] *= scale;
    }
    if (row < p.tq && firstAcross() == 0 && from == 0) {
      lse[head.index * p.tq + row] = largest[i] + logf(total[i]);
    }
  }
  put(sum, head.out(y) + (long long)query * p.c(), p.c(), p.tq - query, from, p.d);
}

/**
 * Block (head, tile of queries or keys, tile of columns). KEYS: sums dk and dv of its keys over the
 * queries; otherwise dq of its queries over the keys. `dFirst` is dk or dq.
 */
template <bool KEYS, typename T>
__device__ __forceinline__ void backward(
    const T* q, const T* k, const T* v, const int* keyLengths, const float* lse, const T* dy,
    const float* delta, T* dFirst, T* dv, const Problem& p) {
  __shared__ __align__(16) float weights[TILE * LINE];
  __shared__ __align__(16) float operands[TILE * LINE];
  Head head(p, keyLengths, blockIdx.x);
  int own = blockIdx.y * TILE;
  int from = blockIdx.z * TILE;
  Rows<T> rowsOfQ = head.queries(q);
  Rows<T> rowsOfDy{head.out(dy), p.c(), p.tq};
  Rows<T> rowsOfK = head.keyRows(k);
  Rows<T> rowsOfV = head.keyRows(v);
  lse += head.index * p.tq;
  delta += head.index * p.tq;
  int begin = KEYS && p.causal ? own : 0;
  int end = KEYS ? (own < head.keys ? p.tq : 0)
                 : (p.causal ? min(head.keys, own + TILE) : head.keys);
  Sums first;
  Sums second;
  clear(first);
  clear(second);
#pragma unroll 1
  for (int other = begin; other < end; other += TILE) {
    int query = (KEYS ? other + firstAcross() : own + firstDown());
    int key = (KEYS ? own + firstDown() : other + firstAcross());
    Sums w;
    Sums ds;
    products((KEYS ? rowsOfK : rowsOfQ).skip(own), (KEYS ? rowsOfQ : rowsOfK).skip(other), p.d,
             operands, w);
    products((KEYS ? rowsOfV : rowsOfDy).skip(own), (KEYS ? rowsOfDy : rowsOfV).skip(other), p.d,
             operands, ds);
#pragma unroll
    for (int i = 0; i < SUMS; i++) {
#pragma unroll
      for (int j = 0; j < SUMS; j++) {
        int row = query + (KEYS ? j : i);
        if (head.sees(row, key + (KEYS ? i : j))) {
          w[i][j] = expf(fmaf(w[i][j], p.scale, -lse[row]));
          ds[i][j] = w[i][j] * (ds[i][j] - delta[row]) * p.scale;
        } else {
          w[i][j] = 0.0f;
          ds[i][j] = 0.0f;
        }
      }
    }
    if (KEYS) {
      weigh(w, rowsOfDy.skip(other), from, p.d, weights, operands, second);
    }
    weigh(ds, (KEYS ? rowsOfQ : rowsOfK).skip(other), from, p.d, weights, operands, first);
  }
  int stride = KEYS ? p.keyStride : p.queryStride;
  int rows = (KEYS ? p.tk : p.tq) - own;
  long long at = (KEYS ? head.keyStart() : head.queryStart()) + (long long)own * stride;
  put(first, dFirst + at, stride, rows, from, p.d);
  if (KEYS) {
    put(second, dv + at, stride, rows, from, p.d);
  }
}

/** delta (B, H, Tq) = Σ_e dy·y, a warp a query of a head. */
template <typename T>
__device__ __forceinline__ void rowSums(const T* y, const T* dy, float* delta, const Problem& p) {
  long long row = warpRow(); // of (B, Tq, H)
  if (row >= (long long)p.b * p.tq * p.h) {
    return;
  }
  float sum = 0.0f;
  for (int e = threadIdx.x % WARP; e < p.d; e += WARP) {
    sum = fmaf(load(dy + row * p.d + e), load(y + row * p.d + e), sum);
  }
  sum = sumWarp(sum);
  if (threadIdx.x % WARP == 0) {
    long long head = row / p.h / p.tq * p.h + row % p.h;
    delta[head * p.tq + row / p.h % p.tq] = sum;
  }
}

#define KERNELS(T, TYPE)                                                                         \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) attention_forward_##TYPE(             \
      const T* q, const T* k, const T* v, const int* keyLengths, T* y, float* lse,               \
      SIZES) {                                                                                   \
    forward(q, k, v, keyLengths, y, lse, PROBLEM);                                               \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) attention_backward_queries_##TYPE(    \
      const T* q, const T* k, const T* v, const int* keyLengths, const float* lse, const T* dy,  \
      const float* delta, T* dq, SIZES) {                                                        \
    backward<false>(q, k, v, keyLengths, lse, dy, delta, dq, (T*)nullptr, PROBLEM);              \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) attention_backward_keys_##TYPE(       \
      const T* q, const T* k, const T* v, const int* keyLengths, const float* lse, const T* dy,  \
      const float* delta, T* dk, T* dv, SIZES) {                                                 \
    backward<true>(q, k, v, keyLengths, lse, dy, delta, dk, dv, PROBLEM);                        \
  }                                                                                              \
  extern "C" __global__ void attention_delta_##TYPE(                                             \
      const T* y, const T* dy, float* delta, SIZES) {                                            \
    rowSums(y, dy, delta, PROBLEM);                                                              \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
