// Matrix multiplication of bf16 on the tensor cores, with f32 sums; C in bf16 or f32.
//
// Equation   C = op(A)·op(B), op(X) = X or Xᵀ; then an epilogue on C: bias, activation or its
//            derivative, residual; and the sums of C's columns, for the gradient of a bias
// Shapes     op(A) (M, K); op(B) (K, N); C (M, N); a batch of such triples
// Traffic    2·(M·K + K·N) bytes and C's, for 2·M·N·K flops → compute-bound but for the smallest
// Method     a block sums a tile of C, 128×256, 128×128 or 64×64; a warp of it 64×64 (32×32). Slices
//            of 64 along K arrive in shared memory by asynchronous copies, two ahead of the one that
//            is multiplied; a row of 128 bytes has its packs of 16 exchanged by the row's number, so
//            that neither the copies nor ldmatrix, plain or transposing, meet in a bank. The
//            registers for the next 16 of K are loaded while 16 are being multiplied. Deep products
//            with few tiles are cut along K: partial sums in f32, joined in order by matmul.cu
// Unaligned  where an address or a stride is no multiple of 16 bytes, elements are fetched one by one
// Backward   matrix multiplications again, of another form
#include "../cuda/tensorcores.cuh"
#include "epilogue.cuh"

constexpr int DEPTH = 64; // of a slice
constexpr int STAGES = 3; // slices in shared memory
constexpr int CHUNK = 8;  // elements of a copy of 16 bytes
constexpr int CHUNK_BYTES = 16;
constexpr int STEPS = DEPTH / 16; // of the tensor cores, in a slice

/** One operand: its outer dimension is M or N; rows are `stride` apart in memory. */
struct Operand {
  const bf16* data;
  int outer;             // elements of the outer dimension
  int stride;            // from one stored row to the next
  long long batchStride; // from one item to the next
};

/**
 * A slice of an operand in shared memory: TILE outer elements, DEPTH of K, laid out as in memory.
 * K_INNER: K runs along the stored rows; otherwise the outer dimension does. IS_A: the left operand.
 */
template <int TILE, bool K_INNER, bool IS_A, int THREADS>
struct Slice {
  static constexpr int BYTES = TILE * DEPTH * sizeof(bf16);
  static constexpr int CHUNKS = (K_INNER ? DEPTH : TILE) / CHUNK; // of a stored row
  static constexpr int ROW_BYTES = CHUNKS * CHUNK_BYTES;
  static constexpr int ROWS_APART = THREADS / CHUNKS; // a multiple of 8: all rows of a thread are swizzled alike
  static constexpr int COPIES = TILE * DEPTH / CHUNK / THREADS;

  /** `first`: of the outer dimension; `k`: first of this slice; `end`: where K ends. */
  static __device__ __forceinline__ void fetch(
      const Operand& x, int first, int k, int end, bool packed, unsigned char* shared) {
    int chunk = threadIdx.x % CHUNKS;
    int row = threadIdx.x / CHUNKS;
    int to = row * ROW_BYTES + (chunk ^ row % 8) * CHUNK_BYTES;
    int inner = (K_INNER ? k : first) + chunk * CHUNK;
    int inRow = min(max((K_INNER ? end : x.outer) - inner, 0), CHUNK); // that exist of the chunk
    int rows = (K_INNER ? x.outer - first : end - k) - row; // stored ones that exist from here on
    const bf16* from = x.data + (long long)((K_INNER ? first : k) + row) * x.stride + inner;
    if (packed) {
      unsigned address = sharedAddress(shared) + to;
#pragma unroll
      for (int i = 0; i < COPIES; i++) {
        int elements = i * ROWS_APART < rows ? inRow : 0;
        copyAsync(address + i * ROWS_APART * ROW_BYTES, elements > 0 ? from : x.data,
                  elements * (int)sizeof(bf16));
        from += (long long)ROWS_APART * x.stride;
      }
    } else {
#pragma unroll 1
      for (int i = 0; i < COPIES; i++) {
        int elements = i * ROWS_APART < rows ? inRow : 0;
        bf16* place = reinterpret_cast<bf16*>(shared + to + i * ROWS_APART * ROW_BYTES);
#pragma unroll 1
        for (int j = 0; j < CHUNK; j++) {
          place[j].bits = j < elements ? from[j].bits : 0;
        }
        from += (long long)ROWS_APART * x.stride;
      }
    }
  }

  /** Where in a slice this lane reads for its warp, whose part begins at `outer`. */
  static __device__ __forceinline__ unsigned place(int outer) {
    int lane = threadIdx.x % WARP;
    // The matrices of an operand are ordered by the outer dimension first for A, by K first for B.
    int second = lane / 8 % 2;
    int third = lane / 16;
    int inOuter = IS_A ? second : third;
    int inDepth = IS_A ? third : second;
    if (K_INNER) {
      return (outer + inOuter * 8 + lane % 8) * ROW_BYTES + (inDepth ^ lane % 8) * CHUNK_BYTES;
    }
    int chunk = outer / CHUNK + inOuter;
    return (inDepth * 8 + lane % 8) * ROW_BYTES + (chunk ^ lane % 8) * CHUNK_BYTES;
  }

  /** The i-th 16 of the warp's outer elements, the step-th 16 of K; `slice` a multiple of 128. */
  static __device__ __forceinline__ void load(
      unsigned (&r)[4], unsigned slice, unsigned place, int step, int i) {
    constexpr int SIXTEEN = 16 / CHUNK * CHUNK_BYTES;
    unsigned from = K_INNER ? ((slice + place) ^ step * SIXTEEN) + i * 16 * ROW_BYTES
                            : ((slice + place) ^ i * SIXTEEN) + step * 16 * ROW_BYTES;
    loadMatrices<!K_INNER>(r, from);
  }
};

/** What becomes of the sums; C and what lies like it are f32 or bf16. */
struct Output {
  void* c;
  const float* bias;
  const void* residual;
  void* preActivation;
  float* columnSums; // (items, tiles along M, N), or null
  int m;
  int n;
  int stride;
  int kind;
  bool isF32;
  bool packed; // everything at multiples of a pack
};

/** A pack, of which `count` exist; at full speed if that is all and it is aligned. */
template <typename T>
__device__ __forceinline__ void loadSome(const T* p, float (&v)[PACK], int count, bool packed) {
  if (packed && count == PACK) {
    loadPack(p, v);
  } else {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      v[i] = i < count ? load(p + i) : 0.0f;
    }
  }
}

template <typename T>
__device__ __forceinline__ void storeSome(T* p, const float (&v)[PACK], int count, bool packed) {
  if (packed && count == PACK) {
    storePack(p, v);
  } else {
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      if (i < count) {
        store(p + i, v[i]);
      }
    }
  }
}

__device__ __forceinline__ void loadLikeC(
    const Output& out, const void* from, long long at, float (&v)[PACK], int count) {
  if (out.isF32) {
    loadSome(static_cast<const float*>(from) + at, v, count, out.packed);
  } else {
    loadSome(static_cast<const bf16*>(from) + at, v, count, out.packed);
  }
}

__device__ __forceinline__ void storeLikeC(
    const Output& out, void* to, long long at, const float (&v)[PACK], int count) {
  if (out.isF32) {
    storeSome(static_cast<float*>(to) + at, v, count, out.packed);
  } else {
    storeSome(static_cast<bf16*>(to) + at, v, count, out.packed);
  }
}

/**
 * Leaves a tile of sums, `LINE` apart in shared memory, in C; `part`: which of the column sums are
 * this tile's. A thread keeps to four columns.
 * Four rows are read ahead of what the epilogue needs of them: it would wait for memory each time.
 */
template <int TILE_M, int TILE_N, int THREADS>
__device__ __forceinline__ void finish(
    const Output& out, float* shared, int row, int column, long long c,
    int part) {
  constexpr int LINE = TILE_N + 8;
  constexpr int PACKS = TILE_N / PACK;
  constexpr int ROWS_APART = THREADS / PACKS;
  constexpr int AHEAD = 4;
  int across = threadIdx.x % PACKS * PACK;
  int down = threadIdx.x / PACKS;
  int count = min(out.n - column - across, PACK);
  float columnSum[PACK] = {0.0f, 0.0f, 0.0f, 0.0f};
  if (count > 0) {
    float bias[PACK];
#pragma unroll
    for (int i = 0; i < PACK; i++) {
      bias[i] = out.bias != nullptr && i < count ? out.bias[column + across + i] : 0.0f;
    }
    const void* source =
        otherOf<const void*>(out.kind, out.c, out.residual, out.preActivation);
    long long at = c + (long long)(row + down) * out.stride + column + across;
    long long apart = (long long)ROWS_APART * out.stride;
#pragma unroll 1
    for (int i = down; i < TILE_M && row + i < out.m; i += AHEAD * ROWS_APART) {
      float other[AHEAD][PACK];
      if (source != nullptr) {
#pragma unroll
        for (int j = 0; j < AHEAD; j++) {
          if (row + i + j * ROWS_APART < out.m) {
            loadLikeC(out, source, at + j * apart, other[j], count);
          }
        }
      }
#pragma unroll 1
      for (int j = 0; j < AHEAD && row + i + j * ROWS_APART < out.m; j++) {
        float s[PACK];
        loadPack(shared + (i + j * ROWS_APART) * LINE + across, s);
#pragma unroll
        for (int e = 0; e < PACK; e++) {
          s[e] += bias[e];
        }
        if (savesPreActivation(out.kind) && out.preActivation != nullptr) {
          storeLikeC(out, out.preActivation, at, s, count);
        }
        applyEpilogue(out.kind, s, other[0]);
        storeLikeC(out, out.c, at, s, count);
#pragma unroll
        for (int e = 0; e < PACK; e++) {
          columnSum[e] += s[e];
          // In turn, since registers cannot be indexed.
          other[0][e] = other[1][e];
          other[1][e] = other[2][e];
          other[2][e] = other[3][e];
        }
        at += apart;
      }
    }
  }
  if (out.columnSums != nullptr) {
    __syncthreads();
    storePack(shared + down * LINE + across, columnSum);
    __syncthreads();
    for (int i = threadIdx.x; i < TILE_N && column + i < out.n; i += THREADS) {
      float sum = 0.0f;
#pragma unroll
      for (int j = 0; j < ROWS_APART; j++) {
        sum += shared[j * LINE + i];
      }
      out.columnSums[(long long)part * out.n + column + i] = sum;
    }
  }
}

/**
 * @param summed items whose products are summed into one C; blockIdx.z counts the others
 * @param depthPerSplit how much of K a block takes, a multiple of DEPTH; blockIdx.z counts splits
 *     fastest. With several splits C is partial (splits, items, M, N) without gaps
 */
template <int TILE_M, int TILE_N, int WARPS_M, int WARPS_N, bool A_K_INNER, bool B_K_INNER>
__device__ __forceinline__ void multiply(
    Operand a, Operand b, const Output& out, int k, int summed, long long cBatchStride, int splits,
    int depthPerSplit, bool packed) {
  constexpr int THREADS = WARPS_M * WARPS_N * WARP;
  constexpr int DOWN = TILE_M / WARPS_M / 16;   // products of a warp along M
  constexpr int ACROSS = TILE_N / WARPS_N / 16; // pairs of them along N
  typedef Slice<TILE_M, A_K_INNER, true, THREADS> SliceA;
  typedef Slice<TILE_N, B_K_INNER, false, THREADS> SliceB;
  constexpr int STAGE = SliceA::BYTES + SliceB::BYTES;
  extern __shared__ __align__(1024) unsigned char shared[];

  // Tiles in groups of eight rows of them, so that what runs side by side shares A and B in L2.
  constexpr int GROUP = 8;
  int tilesDown = (out.m + TILE_M - 1) / TILE_M;
  int tilesAcross = (out.n + TILE_N - 1) / TILE_N;
  int firstDown = blockIdx.x / (GROUP * tilesAcross) * GROUP;
  int inGroup = blockIdx.x % (GROUP * tilesAcross);
  int height = min(GROUP, tilesDown - firstDown);
  int tileDown = firstDown + inGroup % height;
  int row = tileDown * TILE_M;
  int column = inGroup / height * TILE_N;

  int split = blockIdx.z % splits;
  int item = blockIdx.z / splits;
  int begin = split * depthPerSplit;
  int end = min(k, begin + depthPerSplit);
  a.data += item * a.batchStride;
  b.data += item * b.batchStride;
  int slices = (max(end - begin, 0) + DEPTH - 1) / DEPTH * summed;

  int next = begin; // of K, what is fetched next
  auto fetch = [&](int stage) {
    unsigned char* to = shared + stage * STAGE;
    SliceA::fetch(a, row, next, end, packed, to);
    SliceB::fetch(b, column, next, end, packed, to + SliceA::BYTES);
    next += DEPTH;
    if (next >= end) { // of this item: the next is added to it
      next = begin;
      a.data += a.batchStride;
      b.data += b.batchStride;
    }
  };

  float sums[DOWN][2 * ACROSS][4];
#pragma unroll
  for (int i = 0; i < DOWN; i++) {
#pragma unroll
    for (int j = 0; j < 2 * ACROSS; j++) {
#pragma unroll
      for (int e = 0; e < 4; e++) {
        sums[i][j][e] = 0.0f;
      }
    }
  }
  int warp = threadIdx.x / WARP;
  int warpRow = warp % WARPS_M * (DOWN * 16);
  int warpColumn = warp / WARPS_M * (ACROSS * 16);
  unsigned placeA = SliceA::place(warpRow);
  unsigned placeB = SliceB::place(warpColumn) + SliceA::BYTES;
  unsigned base = sharedAddress(shared);
  unsigned left[2][DOWN][4]; // for this step and the next
  unsigned right[2][ACROSS][4];
  auto loadStep = [&](int buffer, unsigned slice, int step) {
#pragma unroll
    for (int i = 0; i < DOWN; i++) {
      SliceA::load(left[buffer][i], slice, placeA, step, i);
    }
#pragma unroll
    for (int j = 0; j < ACROSS; j++) {
      SliceB::load(right[buffer][j], slice, placeB, step, j);
    }
  };

#pragma unroll
  for (int stage = 0; stage < STAGES - 1; stage++) {
    if (stage < slices) {
      fetch(stage);
    }
    commitCopies();
  }
  waitForCopies<STAGES - 2>();
  __syncthreads();
  if (slices > 0) {
    loadStep(0, base, 0);
  }
  int reading = 0;
  int writing = STAGES - 1;
#pragma unroll 1
  for (int slice = 0; slice < slices; slice++) {
    int after = reading + 1 == STAGES ? 0 : reading + 1;
#pragma unroll
    for (int step = 0; step < STEPS; step++) {
      if (step == STEPS - 1) {
        // The next slice is there, and nobody reads the one before this any more.
        waitForCopies<STAGES - 2>();
        __syncthreads();
        if (slice + 1 < slices) {
          loadStep(0, base + after * STAGE, 0);
        }
      } else {
        loadStep((step + 1) % 2, base + reading * STAGE, step + 1);
      }
      if (step == 0) {
        if (slice + STAGES - 1 < slices) {
          fetch(writing);
        }
        commitCopies();
      }
#pragma unroll
      for (int i = 0; i < DOWN; i++) {
#pragma unroll
        for (int j = 0; j < ACROSS; j++) {
          const unsigned(&r)[4] = right[step % 2][j];
          multiplyAdd(sums[i][2 * j], left[step % 2][i], r[0], r[1]);
          multiplyAdd(sums[i][2 * j + 1], left[step % 2][i], r[2], r[3]);
        }
      }
    }
    writing = reading;
    reading = after;
  }
  waitForCopies<0>();
  __syncthreads();

  // Through shared memory, so that a warp writes what lies side by side.
  constexpr int LINE = TILE_N + 8; // two rows eight banks apart
  float* tile = reinterpret_cast<float*>(shared);
  int lane = threadIdx.x % WARP;
#pragma unroll
  for (int i = 0; i < DOWN; i++) {
#pragma unroll
    for (int j = 0; j < 2 * ACROSS; j++) {
      float* to = tile + (warpRow + i * 16 + lane / 4) * LINE + warpColumn + j * 8 + lane % 4 * 2;
      *reinterpret_cast<float2*>(to) = make_float2(sums[i][j][0], sums[i][j][1]);
      *reinterpret_cast<float2*>(to + 8 * LINE) = make_float2(sums[i][j][2], sums[i][j][3]);
    }
  }
  __syncthreads();
  long long c = (splits == 1 ? item : (long long)split * (gridDim.z / splits) + item) * cBatchStride;
  finish<TILE_M, TILE_N, THREADS>(out, tile, row, column, c, item * tilesDown + tileDown);
}

#define KERNEL(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME, A_K_INNER, B_K_INNER)               \
  extern "C" __global__ void __launch_bounds__(WARPS_M * WARPS_N * WARP, BLOCKS) NAME(             \
      const bf16* a, const bf16* b, void* c, const float* bias, const void* residual,              \
      void* preActivation, float* columnSums, int m, int n, int k, int aStride, int bStride,       \
      int cStride, int summed, long long aBatchStride, long long bBatchStride,                     \
      long long cBatchStride, int splits, int depthPerSplit, int kind, int isF32, int packed,      \
      int packedC) {                                                                               \
    multiply<TILE_M, TILE_N, WARPS_M, WARPS_N, A_K_INNER, B_K_INNER>(                              \
        Operand{a, m, aStride, aBatchStride}, Operand{b, n, bStride, bBatchStride},                \
        Output{c, bias, residual, preActivation, columnSums, m, n, cStride, kind, isF32 != 0,      \
               packedC != 0},                                                                      \
        k, summed, cBatchStride, splits, depthPerSplit, packed != 0);                              \
  }

// N: as it is, T: transposed; A first.
#define FORMS(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME)                    \
  KERNEL(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME##_nn, true, false)       \
  KERNEL(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME##_nt, true, true)        \
  KERNEL(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME##_tn, false, false)      \
  KERNEL(TILE_M, TILE_N, WARPS_M, WARPS_N, BLOCKS, NAME##_tt, false, true)

FORMS(128, 256, 2, 4, 1, matmulbf16_128x256)
FORMS(128, 128, 2, 2, 2, matmulbf16_128x128)
FORMS(64, 64, 2, 2, 4, matmulbf16_64x64)
