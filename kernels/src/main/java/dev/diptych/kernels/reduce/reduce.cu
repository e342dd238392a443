// Sums over rows, columns or everything, and the largest element of each row.
//
// Equation   all: y = s·Σ x;  rows: y_c += s·Σ_n x, y_c += Σ_n x·x';  columns: y_n = s·Σ_c x
//            squares: y = Σ x²;  max: y_n = max_c x and where it is
// Shapes     x (N, C), f32, for sums over rows or everything bf16 too; y () or (C) or (N), f32
// Traffic    read x once: 4·N·C bytes in f32 → memory-bound
// Method     rows: blocks of 32 columns and 64 or more rows give partial sums, which a second launch joins;
//            where rows are aligned, a thread loads 16 bytes of x at a time and owns those columns;
//            columns: a warp a row; all: a partial sum for 4096 elements, joined by one block.
//            What is summed with what depends on the sizes alone, so the bits are always the same
// Backward   sums: dx = s·dy, spread over what was summed;  max: dx = dy where the maximum was, else 0
#include "columns.cuh"

/** Bytes that a thread loads at once where rows can be read so: four elements of f32, eight of bf16. */
constexpr int WIDE_BYTES = 16;

__device__ __forceinline__ void loadWide(const float* p, float (&v)[4]) { loadPack(p, v); }

__device__ __forceinline__ void loadWide(const bf16* p, float (&v)[8]) {
  uint4 eight = *reinterpret_cast<const uint4*>(p);
  unsigned pairs[4] = {eight.x, eight.y, eight.z, eight.w};
#pragma unroll
  for (int i = 0; i < 4; i++) {
    v[2 * i] = lowBf16(pairs[i]);
    v[2 * i + 1] = highBf16(pairs[i]);
  }
}

/**
 * partial_chunk,c = Σ x(row, c), added up as `sumChunk` does it, so to the same bits. A lane owns as
 * many columns as it loads at once: blockIdx.x counts groups of 32 times as many. Rows must be
 * aligned to WIDE_BYTES.
 */
template <typename T>
__device__ __forceinline__ void sumChunkWide(
    const T* x, float* partial, int n, int c, int rowsPerChunk) {
  constexpr int WIDE = WIDE_BYTES / sizeof(T);
  __shared__ __align__(16) float ofWarp[SUM_WARPS][WARP * WIDE];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int first = blockIdx.x * WARP * WIDE;
  int column = first + lane * WIDE;
  int begin = blockIdx.y * rowsPerChunk;
  int end = min(n, begin + rowsPerChunk);
  float sums[WIDE] = {};
  if (column < c) {
#pragma unroll 4 // that many loads on their way
    for (int row = begin + warp; row < end; row += SUM_WARPS) {
      float v[WIDE];
      loadWide(x + (long long)row * c + column, v);
#pragma unroll
      for (int i = 0; i < WIDE; i++) {
        sums[i] += v[i];
      }
    }
  }
#pragma unroll
  for (int i = 0; i < WIDE; i += PACK) {
    storePack(&ofWarp[warp][lane * WIDE + i], sums + i);
  }
  __syncthreads();
  int own = threadIdx.x;
  if (own < WARP * WIDE && first + own < c) {
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < SUM_WARPS; i++) {
      sum += ofWarp[i][own];
    }
    partial[(long long)blockIdx.y * c + first + own] = sum;
  }
}

#define SUMS_OF_ROWS(T, TYPE)                                                                    \
  /** partial (chunks, C) of Σ_n x. */                                                           \
  extern "C" __global__ void sum_rows_partial_##TYPE(                                            \
      const T* x, float* partial, int n, int c, int rowsPerChunk) {                              \
    sumChunk(partial, n, c, rowsPerChunk,                                                        \
             [=](int row, int column) { return load(x + (long long)row * c + column); });        \
  }                                                                                              \
  /** The same to the same bits, of rows that lie at multiples of 16 bytes. */                    \
  extern "C" __global__ void sum_rows_wide_partial_##TYPE(                                       \
      const T* x, float* partial, int n, int c, int rowsPerChunk) {                              \
    sumChunkWide(x, partial, n, c, rowsPerChunk);                                                \
  }                                                                                              \
  /** partial (chunks, C) of Σ_n x·y. */                                                         \
  extern "C" __global__ void sum_rows_of_products_partial_##TYPE(                                \
      const T* x, const T* y, float* partial, int n, int c, int rowsPerChunk) {                  \
    sumChunk(partial, n, c, rowsPerChunk, [=](int row, int column) {                             \
      long long at = (long long)row * c + column;                                                \
      return load(x + at) * load(y + at);                                                        \
    });                                                                                          \
  }

SUMS_OF_ROWS(float, f32)
SUMS_OF_ROWS(bf16, bf16)

/**
 * sum_c ← sum_c + scale·Σ_chunk partial, for C columns that lie `stride` floats apart from row to
 * row. A block takes 32 columns; its 32 warps sum the chunks in turn.
 */
extern "C" __global__ void join_chunks(
    const float* partial, float* sum, int chunks, int c, int stride, float scale) {
  __shared__ float ofWarp[WARP][WARP + 1];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int column = blockIdx.x * WARP + lane;
  float part = 0.0f;
  if (column < c) {
#pragma unroll 8 // that many loads on their way
    for (int chunk = warp; chunk < chunks; chunk += WARP) {
      part += partial[(long long)chunk * stride + column];
    }
  }
  ofWarp[warp][lane] = part;
  __syncthreads();
  // Transposed, so that a warp joins the parts of one column.
  float total = sumWarp(ofWarp[lane][warp]);
  int joined = blockIdx.x * WARP + warp;
  if (lane == 0 && joined < c) {
    sum[joined] += scale * total;
  }
}

/** y_n = scale·Σ_c x: a warp a row. */
extern "C" __global__ void sum_columns(const float* x, float* y, int n, int c, float scale) {
  long long row = warpRow();
  if (row < n) {
    float sum = 0.0f;
    for (int i = threadIdx.x % WARP; i < c; i += WARP) {
      sum += x[row * c + i];
    }
    sum = sumWarp(sum);
    if (threadIdx.x % WARP == 0) {
      y[row] = scale * sum;
    }
  }
}

/** Elements of which a block of `sum_partial` makes one number. */
constexpr int ELEMENTS_PER_SUM = 4096;

/** partial_block = Σ x over 4096 elements. */
template <typename T>
__device__ __forceinline__ void sumPartial(const T* x, float* partial, long long n) {
  long long begin = (long long)blockIdx.x * ELEMENTS_PER_SUM;
  float sum = 0.0f;
  if (aligned(x) && begin + ELEMENTS_PER_SUM <= n) {
#pragma unroll
    for (int i = 0; i < ELEMENTS_PER_SUM; i += 256 * PACK) {
      float v[PACK];
      loadPack(x + begin + i + threadIdx.x * PACK, v);
      sum += (v[0] + v[1]) + (v[2] + v[3]);
    }
  } else {
    for (int i = threadIdx.x; i < ELEMENTS_PER_SUM && begin + i < n; i += 256) {
      sum += load(x + begin + i);
    }
  }
  sum = sumBlock(sum);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
  }
}

extern "C" __global__ void sum_partial_f32(const float* x, float* partial, long long n) {
  sumPartial(x, partial, n);
}

extern "C" __global__ void sum_partial_bf16(const bf16* x, float* partial, long long n) {
  sumPartial(x, partial, n);
}

/** The numbers of THREADS threads joined, in every thread. */
template <int THREADS>
__device__ __forceinline__ double sumDoubles(double sum) {
  __shared__ double ofThread[THREADS];
  ofThread[threadIdx.x] = sum;
  __syncthreads();
#pragma unroll 1
  for (int half = THREADS / 2; half > 0; half /= 2) {
    if (threadIdx.x < half) {
      ofThread[threadIdx.x] += ofThread[threadIdx.x + half];
    }
    __syncthreads();
  }
  return ofThread[0];
}

/** partial_block = Σ x² over 4096 elements, in double: squares of any f32 fit. */
extern "C" __global__ void sum_squares_partial(const float* x, double* partial, long long n) {
  long long begin = (long long)blockIdx.x * ELEMENTS_PER_SUM;
  double sum = 0.0;
  if (aligned(x) && begin + ELEMENTS_PER_SUM <= n) {
    float v[ELEMENTS_PER_SUM / 256];
#pragma unroll
    for (int i = 0; i < ELEMENTS_PER_SUM / 256; i += PACK) {
      loadPack(x + begin + i * 256 + threadIdx.x * PACK, v + i);
    }
#pragma unroll
    for (int i = 0; i < ELEMENTS_PER_SUM / 256; i++) {
      sum = fma((double)v[i], (double)v[i], sum);
    }
  } else {
    for (int i = threadIdx.x; i < ELEMENTS_PER_SUM && begin + i < n; i += 256) {
      sum = fma((double)x[begin + i], (double)x[begin + i], sum);
    }
  }
  sum = sumDoubles<256>(sum);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
  }
}

/** Threads of the one block that joins partial sums: it waits for memory, so as many as there are. */
constexpr int JOIN_THREADS = 1024;

/** Joins the partial sums in double. */
template <typename T>
__device__ __forceinline__ double joinAll(const T* partial, int count) {
  double sum = 0.0;
#pragma unroll 4
  for (int i = threadIdx.x; i < count; i += JOIN_THREADS) {
    sum += partial[i];
  }
  return sumDoubles<JOIN_THREADS>(sum);
}

extern "C" __global__ void sum_join(const float* partial, float* y, int count, float scale) {
  double sum = joinAll(partial, count);
  if (threadIdx.x == 0) {
    *y = (float)(scale * sum);
  }
}

extern "C" __global__ void sum_squares_join(const double* partial, double* y, int count) {
  double sum = joinAll(partial, count);
  if (threadIdx.x == 0) {
    *y = sum;
  }
}

/** Whether a at index i comes before b at index j: larger, or NaN, or equal and earlier. */
__device__ __forceinline__ bool wins(float a, int i, float b, int j) {
  bool aIsNaN = a != a;
  bool bIsNaN = b != b;
  if (aIsNaN || bIsNaN) {
    return aIsNaN && (!bIsNaN || i < j);
  }
  return a > b || (a == b && i < j);
}

/** The largest element of each row and its first place; a NaN is the largest. A warp a row. */
extern "C" __global__ void max_columns(const float* x, float* y, int* index, int n, int c) {
  long long row = warpRow();
  if (row < n) {
    int best = threadIdx.x % WARP;
    float largest = best < c ? x[row * c + best] : -INFINITY;
    if (best >= c) {
      best = 0x7fffffff;
    }
    for (int i = threadIdx.x % WARP + WARP; i < c; i += WARP) {
      float value = x[row * c + i];
      if (wins(value, i, largest, best)) {
        largest = value;
        best = i;
      }
    }
#pragma unroll
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
      float other = __shfl_xor_sync(ALL_LANES, largest, distance);
      int at = __shfl_xor_sync(ALL_LANES, best, distance);
      if (wins(other, at, largest, best)) {
        largest = other;
        best = at;
      }
    }
    if (threadIdx.x % WARP == 0) {
      y[row] = largest;
      index[row] = best;
    }
  }
}

/** dx = scale·dy_c in every row: blockIdx.x counts columns, blockIdx.y rows. */
extern "C" __global__ void sum_rows_backward(
    const float* dy, float* dx, int n, int c, float scale) {
  int column = blockIdx.x * blockDim.x + threadIdx.x;
  if (column < c) {
    float value = scale * dy[column];
    for (int row = blockIdx.y; row < n; row += gridDim.y) {
      dx[(long long)row * c + column] = value;
    }
  }
}

/** dx = scale·dy_n in every column: a warp a row. */
extern "C" __global__ void sum_columns_backward(
    const float* dy, float* dx, int n, int c, float scale) {
  long long row = warpRow();
  if (row < n) {
    float value = scale * dy[row];
    for (int i = threadIdx.x % WARP; i < c; i += WARP) {
      dx[row * c + i] = value;
    }
  }
}

/** dx = dy_n at the maximum, 0 elsewhere: a warp a row. */
extern "C" __global__ void max_columns_backward(
    const int* index, const float* dy, float* dx, int n, int c) {
  long long row = warpRow();
  if (row < n) {
    for (int i = threadIdx.x % WARP; i < c; i += WARP) {
      dx[row * c + i] = i == index[row] ? dy[row] : 0.0f;
    }
  }
}
