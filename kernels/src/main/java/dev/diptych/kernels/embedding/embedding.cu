// Rows picked by number: token embedding, and one row per picture or text.
//
// Equation   embedding: y_bt = table_id(b,t) + positions_t;  gather: y_b = x_b,index(b)
// Shapes     ids (B, T) ints, table (V, C), positions (T, C), f32; y (B, T, C), f32 or bf16;
//            gather: x (B, T, C), index (B) ints, y (B, C), f32 or bf16
// Traffic    read B·T rows of the table, write y: 8·B·T·C bytes in f32 → memory-bound
// Method     a block a row, a pack of four elements a thread; neighbours read neighbours
// Backward   dTable_id += Σ dy_bt over all (b, t) with that id: the host sorts the places of each id
//            and cuts them into pieces of at most 64 (EmbeddingPlan). A block sums the rows of a piece;
//            most ids have one, and it goes to the table at once. The pieces of the others, padding
//            above all, go to `partial` and a second launch joins them. How many there are is read on
//            the device: what is launched depends on B·T and V alone. No atomics: always the same bits.
//            Traffic: read dy, read and write a row of the table for each id that occurs.
//            dPositions_t += Σ_b dy_bt: sum_rows of reduce.cu on dy as (B, T·C)
//            gather: dx_b,index(b) = dy_b, zero elsewhere
#include "../cuda/common.cuh"

/** Elements that a thread takes at once: WIDTH is PACK where rows are aligned, else 1. */
template <int WIDTH, typename T>
__device__ __forceinline__ void loadSome(const T* p, float (&v)[WIDTH]) {
  if (WIDTH == PACK) {
    loadPack(p, v);
  } else {
    v[0] = load(p);
  }
}

template <int WIDTH, typename T>
__device__ __forceinline__ void storeSome(T* p, const float (&v)[WIDTH]) {
  if (WIDTH == PACK) {
    storePack(p, v);
  } else {
    store(p, v[0]);
  }
}

template <int WIDTH, typename T>
__device__ __forceinline__ void embed(const float* from, const float* position, T* y, int c) {
  for (int i = threadIdx.x * WIDTH; i < c; i += blockDim.x * WIDTH) {
    float v[WIDTH];
    float w[WIDTH];
    loadSome(from + i, v);
    loadSome(position + i, w);
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
      v[k] += w[k];
    }
    storeSome(y + i, v);
  }
}

/**
 * What a block sums of a piece, and where it leaves it: rows order[begin] … order[end − 1] of dy, in
 * that order, for the elements of this thread.
 */
template <int WIDTH, typename T>
__device__ __forceinline__ void sumPiece(
    const int* order, int begin, int end, int target, const T* dy, float* partial, float* dTable,
    int c) {
  for (int column = threadIdx.x * WIDTH; column < c; column += blockDim.x * WIDTH) {
    float* to = target >= 0 ? dTable + (long long)target * c : partial + (long long)(-1 - target) * c;
    float before[WIDTH];
    float sum[WIDTH];
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
      before[k] = 0.0f;
      sum[k] = 0.0f;
    }
    if (target >= 0) { // on its way while dy is
      loadSome(to + column, before);
    }
#pragma unroll 4 // that many rows on their way
    for (int i = begin; i < end; i++) {
      float v[WIDTH];
      loadSome(dy + (long long)order[i] * c + column, v);
#pragma unroll
      for (int k = 0; k < WIDTH; k++) {
        sum[k] += v[k];
      }
    }
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
      sum[k] += before[k];
    }
    storeSome(to + column, sum);
  }
}

/** blockIdx.x and every gridDim.x-th from there count pieces. */
template <typename T>
__device__ __forceinline__ void pieces(
    const int* order, const int* begin, const int* target, const int* counts, const T* dy,
    float* partial, float* dTable, int c, bool packed) {
  int count = counts[0];
  for (int piece = blockIdx.x; piece < count; piece += gridDim.x) {
    if (packed) {
      sumPiece<PACK>(order, begin[piece], begin[piece + 1], target[piece], dy, partial, dTable, c);
    } else {
      sumPiece<1>(order, begin[piece], begin[piece + 1], target[piece], dy, partial, dTable, c);
    }
  }
}

/** Warps that join the pieces of an id, taking turns. */
constexpr int JOIN_WARPS = 16;

/** dTable_id += Σ partial from `first` to `end`, for the columns of this block: WIDTH for each lane. */
template <int WIDTH>
__device__ __forceinline__ void joinPieces(
    float (&ofWarp)[JOIN_WARPS][WARP * PACK], int first, int end, const float* partial, float* row,
    int c) {
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int column = (blockIdx.y * WARP + lane) * WIDTH;
  float sum[WIDTH];
#pragma unroll
  for (int k = 0; k < WIDTH; k++) {
    sum[k] = 0.0f;
  }
  if (column < c) {
#pragma unroll 8 // that many rows on their way
    for (int piece = first + warp; piece < end; piece += JOIN_WARPS) {
      float v[WIDTH];
      loadSome(partial + (long long)piece * c + column, v);
#pragma unroll
      for (int k = 0; k < WIDTH; k++) {
        sum[k] += v[k];
      }
    }
  }
#pragma unroll
  for (int k = 0; k < WIDTH; k++) {
    ofWarp[warp][lane * WIDTH + k] = sum[k];
  }
  __syncthreads();
  int mine = blockIdx.y * WARP * WIDTH + threadIdx.x;
  if (threadIdx.x < WARP * WIDTH && mine < c) {
    float total = 0.0f;
#pragma unroll
    for (int i = 0; i < JOIN_WARPS; i++) {
      total += ofWarp[i][threadIdx.x];
    }
    row[mine] += total;
  }
}

/** blockIdx.x counts ids that may have several pieces, blockIdx.y columns. */
extern "C" __global__ void embedding_join(
    const int* sharedId, const int* firstShared, const int* counts, const float* partial,
    float* dTable, int c, int packed) {
  __shared__ float ofWarp[JOIN_WARPS][WARP * PACK];
  int k = blockIdx.x;
  if (k >= counts[1]) {
    return;
  }
  float* row = dTable + (long long)sharedId[k] * c;
  if (packed) {
    joinPieces<PACK>(ofWarp, firstShared[k], firstShared[k + 1], partial, row, c);
  } else {
    joinPieces<1>(ofWarp, firstShared[k], firstShared[k + 1], partial, row, c);
  }
}

template <int WIDTH, typename T>
__device__ __forceinline__ void copyRow(const T* from, T* to, int c) {
  for (int i = threadIdx.x * WIDTH; i < c; i += blockDim.x * WIDTH) {
    float v[WIDTH];
#pragma unroll
    for (int k = 0; k < WIDTH; k++) {
      v[k] = 0.0f;
    }
    if (from != nullptr) {
      loadSome(from + i, v);
    }
    storeSome(to + i, v);
  }
}

/** `from` null: zeros. */
template <typename T>
__device__ __forceinline__ void copyRow(const T* from, T* to, int c, bool packed) {
  if (packed) {
    copyRow<PACK>(from, to, c);
  } else {
    copyRow<1>(from, to, c);
  }
}

// blockIdx.x counts rows of y, of dx in gather_backward.
#define KERNELS(T, TYPE)                                                                         \
  extern "C" __global__ void embedding_forward_##TYPE(                                           \
      const int* ids, const float* table, const float* positions, T* y, int t, int c,            \
      int packed) {                                                                              \
    long long row = blockIdx.x;                                                                  \
    const float* from = table + (long long)ids[row] * c;                                         \
    const float* position = positions + row % t * c;                                             \
    if (packed) {                                                                                \
      embed<PACK>(from, position, y + row * c, c);                                               \
    } else {                                                                                     \
      embed<1>(from, position, y + row * c, c);                                                  \
    }                                                                                            \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(128) embedding_pieces_##TYPE(                     \
      const int* order, const int* begin, const int* target, const int* counts, const T* dy,     \
      float* partial, float* dTable, int c, int packed) {                                        \
    pieces(order, begin, target, counts, dy, partial, dTable, c, packed != 0);                   \
  }                                                                                              \
  extern "C" __global__ void gather_forward_##TYPE(                                              \
      const T* x, const int* index, T* y, int t, int c, int packed) {                            \
    long long b = blockIdx.x;                                                                    \
    copyRow(x + (b * t + index[b]) * c, y + b * c, c, packed != 0);                              \
  }                                                                                              \
  extern "C" __global__ void gather_backward_##TYPE(                                             \
      const int* index, const T* dy, T* dx, int t, int c, int packed) {                          \
    long long row = blockIdx.x;                                                                  \
    long long b = row / t;                                                                       \
    bool picked = index[b] == (int)(row % t);                                                    \
    copyRow(picked ? dy + b * c : nullptr, dx + row * c, c, packed != 0);                        \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
