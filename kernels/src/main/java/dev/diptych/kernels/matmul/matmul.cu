// Matrix multiplication in f32, exact: every product and sum is an f32 fma.
//
// Equation   C = op(A)·op(B), op(X) = X or Xᵀ; then an epilogue on C: bias, activation, residual
// Shapes     op(A) (M, K); op(B) (K, N); C (M, N); a batch of such triples
// Traffic    4·(M·K + K·N + M·N) bytes for 2·M·N·K flops → compute-bound but for the smallest sizes
// Method     a block sums a tile of C of 128×128 (or 64×64, where there are few tiles); its 256
//            threads hold 8×8 (4×4) sums each. Slices of A and B, 8 (16) deep, lie in shared memory
//            with K outermost; the next slice is on its way in registers while one is being multiplied.
//            Deep products with few tiles are cut along K: partial sums, joined in order
// Backward   dA = dC·op(B)ᵀ, dB = op(A)ᵀ·dC: matrix multiplications again, of another form
//
// Spills of matmul_128_nt, four registers on sm_80: set before the sums begin and read after them,
// so that two blocks fit on a multiprocessor.
#include "../cuda/common.cuh"
#include "epilogue.cuh"

constexpr int THREADS = 256;

/** How deep a slice is: as many packs as there are threads, so that each carries one. */
template <int TILE>
constexpr int depthOfSlice = THREADS * PACK / TILE;

/** One operand: its outer dimension is M or N; rows are `stride` apart in memory. */
struct Operand {
  const float* data;
  int outer;  // elements of the outer dimension
  int stride; // from one stored row to the next
};

/**
 * A slice of an operand on its way to shared memory: TILE outer elements, DEPTH of K: a pack
 * for each thread. K_INNER: K runs
 * along the stored rows; otherwise the outer dimension does.
 */
template <int TILE, bool K_INNER>
struct Slice {
  static constexpr int DEPTH = depthOfSlice<TILE>;
  static constexpr int LINE = TILE + PACK; // of shared memory: a row of K, and a gap against conflicts
  float v[PACK];

  /** Where this thread's pack lies in the slice. */
  static __device__ __forceinline__ int outerOfThread() {
    return K_INNER ? threadIdx.x / (DEPTH / PACK) : threadIdx.x % (TILE / PACK) * PACK;
  }

  static __device__ __forceinline__ int depthOfThread() {
    return K_INNER ? threadIdx.x % (DEPTH / PACK) * PACK : threadIdx.x / (TILE / PACK);
  }

  /** `first`: of the outer dimension; `k`: first of this slice; `end`: where K ends. */
  __device__ __forceinline__ void fetch(const Operand& x, int first, int k, int end, bool packed) {
    int outer = first + outerOfThread();
    int depth = k + depthOfThread();
    const float* from = x.data + (K_INNER ? (long long)outer * x.stride + depth
                                          : (long long)depth * x.stride + outer);
    int inRow = K_INNER ? end - depth : x.outer - outer; // elements left along the stored row
    bool rowExists = K_INNER ? outer < x.outer : depth < end;
    if (packed && rowExists && inRow >= PACK) {
      loadPack(from, v);
    } else {
#pragma unroll
      for (int i = 0; i < PACK; i++) {
        v[i] = rowExists && i < inRow ? from[i] : 0.0f;
      }
    }
  }

  __device__ __forceinline__ void put(float* shared) const {
    shared += depthOfThread() * LINE + outerOfThread();
    if (K_INNER) {
#pragma unroll
      for (int i = 0; i < PACK; i++) {
        shared[i * LINE] = v[i];
      }
    } else {
      storePack(shared, v);
    }
  }
};

/**
 * @param summed items whose products are summed into one C; blockIdx.z counts the others
 * @param depthPerSplit how much of K a block takes; blockIdx.z counts splits fastest. With several
 *     splits C is partial (splits, items, M, N) without gaps, and joined by `matmul_join`
 */
template <int TILE, bool A_K_INNER, bool B_K_INNER>
__device__ __forceinline__ void multiply(
    Operand a, Operand b, Epilogue<float> epilogue, int k, int cStride, int summed,
    long long aBatchStride, long long bBatchStride, long long cBatchStride, int splits,
    int depthPerSplit, int packed) {
  constexpr int SUMS = TILE / 16; // of a thread, along each dimension
  constexpr int LINE = TILE + PACK;
  constexpr int DEPTH = depthOfSlice<TILE>;
  __shared__ __align__(16) float shared[64 * LINE]; // two slices of A, two of B; then sums
  int split = blockIdx.z % splits;
  int item = blockIdx.z / splits;
  int row = blockIdx.y * TILE;
  int column = blockIdx.x * TILE;
  int begin = split * depthPerSplit;
  int end = min(k, begin + depthPerSplit);
  a.data += item * aBatchStride;
  b.data += item * bBatchStride;
  int down = threadIdx.x / 16 * PACK;
  int across = threadIdx.x % 16 * PACK;
  float sum[SUMS][SUMS];
#pragma unroll
  for (int i = 0; i < SUMS; i++) {
#pragma unroll
    for (int j = 0; j < SUMS; j++) {
      sum[i][j] = 0.0f;
    }
  }
  int slicesOfItem = (max(end - begin, 0) + DEPTH - 1) / DEPTH;
  int slices = slicesOfItem * summed;
  Slice<TILE, A_K_INNER> nextA;
  Slice<TILE, B_K_INNER> nextB;
  int at = begin;
  if (slices > 0) {
    nextA.fetch(a, row, at, end, packed);
    nextB.fetch(b, column, at, end, packed);
    nextA.put(shared);
    nextB.put(shared + 2 * DEPTH * LINE);
  }
  __syncthreads();
  for (int slice = 0; slice < slices; slice++) {
    bool more = slice + 1 < slices;
    if (more) {
      at += DEPTH;
      if (at >= end) { // of this item: the next is added to it
        at = begin;
        a.data += aBatchStride;
        b.data += bBatchStride;
      }
      nextA.fetch(a, row, at, end, packed);
      nextB.fetch(b, column, at, end, packed);
    }
    const float* fromA = shared + slice % 2 * DEPTH * LINE;
    const float* fromB = fromA + 2 * DEPTH * LINE;
#pragma unroll
    for (int d = 0; d < DEPTH; d++) {
      float va[SUMS];
      float vb[SUMS];
#pragma unroll
      for (int i = 0; i < SUMS; i += PACK) {
        // Packs half a tile apart, so that the threads of a warp read what lies side by side.
        loadPack(fromA + d * LINE + i * 16 + down, va + i);
        loadPack(fromB + d * LINE + i * 16 + across, vb + i);
      }
#pragma unroll
      for (int i = 0; i < SUMS; i++) {
#pragma unroll
        for (int j = 0; j < SUMS; j++) {
          sum[i][j] = fmaf(va[i], vb[j], sum[i][j]);
        }
      }
    }
    if (more) {
      float* to = shared + (slice + 1) % 2 * DEPTH * LINE;
      nextA.put(to);
      nextB.put(to + 2 * DEPTH * LINE);
    }
    __syncthreads();
  }
  long long c = (splits == 1 ? item : (long long)split * (gridDim.z / splits) + item) * cBatchStride;
  // Through shared memory, 64 rows at a time, so that a warp writes what lies side by side, and the
  // epilogue stands in the code once and not for each sum.
#pragma unroll
  for (int part = 0; part < SUMS / PACK; part++) {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
#pragma unroll
      for (int j = 0; j < SUMS; j += PACK) {
        storePack(shared + (down + i) * LINE + j * 16 + across, &sum[part * PACK + i][j]);
      }
    }
    __syncthreads();
#pragma unroll 1
    for (int i = threadIdx.x; i < 64 * TILE; i += THREADS) {
      int m = row + part * 64 + i / TILE;
      int n = column + i % TILE;
      if (m < a.outer && n < b.outer) {
        epilogue.put(c + (long long)m * cStride + n, n, shared[i / TILE * LINE + i % TILE]);
      }
    }
    __syncthreads();
  }
}

#define KERNEL(TILE, NAME, A_K_INNER, B_K_INNER)                                                   \
  extern "C" __global__ void __launch_bounds__(THREADS, 2) NAME(                                   \
      const float* a, const float* b, float* c, const float* bias, const float* residual,          \
      float* preActivation, int m, int n, int k, int aStride, int bStride, int cStride,            \
      int summed, long long aBatchStride, long long bBatchStride, long long cBatchStride,          \
      int splits, int depthPerSplit, int kind, int packed) {                                       \
    multiply<TILE, A_K_INNER, B_K_INNER>(                                                          \
        Operand{a, m, aStride}, Operand{b, n, bStride},                                            \
        Epilogue<float>{kind, c, bias, residual, preActivation}, k, cStride, summed,               \
        aBatchStride, bBatchStride, cBatchStride, splits, depthPerSplit, packed);                  \
  }

// N: as it is, T: transposed; A first.
KERNEL(128, matmul_128_nn, true, false)
KERNEL(128, matmul_128_nt, true, true)
KERNEL(128, matmul_128_tn, false, false)
KERNEL(128, matmul_128_tt, false, true)
KERNEL(64, matmul_64_nn, true, false)
KERNEL(64, matmul_64_nt, true, true)
KERNEL(64, matmul_64_tn, false, false)
KERNEL(64, matmul_64_tt, false, true)

template <typename T>
__device__ __forceinline__ void join(
    const float* partial, const Epilogue<T>& epilogue, int splits, int items, int m, int n,
    int cStride, long long cBatchStride) {
  long long all = (long long)items * m * n;
  long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (at < all) {
    float sum = 0.0f;
    for (int split = 0; split < splits; split++) {
      sum += partial[split * all + at];
    }
    int column = at % n;
    long long row = at / n % m;
    long long item = at / n / m;
    epilogue.put(item * cBatchStride + row * cStride + column, column, sum);
  }
}

/** C from partial (splits, items, M, N), a thread an element. */
extern "C" __global__ void matmul_join_f32(
    const float* partial, float* c, const float* bias, const float* residual,
    float* preActivation, int splits, int items, int m, int n, int cStride,
    long long cBatchStride, int kind) {
  join(partial, Epilogue<float>{kind, c, bias, residual, preActivation}, splits, items, m, n,
       cStride, cBatchStride);
}

extern "C" __global__ void matmul_join_bf16(
    const float* partial, bf16* c, const float* bias, const bf16* residual, bf16* preActivation,
    int splits, int items, int m, int n, int cStride, long long cBatchStride, int kind) {
  join(partial, Epilogue<bf16>{kind, c, bias, residual, preActivation}, splits, items, m, n,
       cStride, cBatchStride);
}
