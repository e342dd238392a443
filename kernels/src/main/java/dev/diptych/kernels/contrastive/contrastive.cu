// CLIP's symmetric contrastive loss, a chunk of the rows of the logits at a time.
//
// Equation   s_ij = exp(t)·u_i·v_j;  L = 1/(2N) Σ_i (lse of row i − mean of its matches' s
//            + lse of column i − mean of its matches' s)
// Shapes     u, v (N, D); t (1); ids (N) or null: j matches i if their ids are equal, or if j = i;
//            saves the log-sum-exp of each row and each column (N) twice
// Traffic    beside the products u_i·v_j: each chunk of R rows is written and read once, 8·R·N bytes
// Method     matmul leaves a chunk of products, a kernel reads it once: a thread for each row and each
//            column of a tile of 64×64 finds the largest match, the largest other and the sum of the
//            matches, then Σ exp(s − the largest). Tiles are joined in order, columns over the chunks
//            as well. A fixed shift, as the bound |cosine| ≤ 1 would allow, would save the passes for
//            the largest, but those are in shared memory, the largest are wanted for the accuracy,
//            and rows far below the bound, or embeddings of any length, would need a second way
// Backward   from products computed again: g = exp(t)·dL/(2N)·(P + Q − 2·target), so that du = g·v and
//            dv = gᵀ·u by matmul; dt = dL·(L + 1/(2N) Σ (P·log P + Q·log Q)), see package-info
#include "../cuda/common.cuh"

/** Rows and columns of a tile, and what a part of a row or a column is made of. */
constexpr int TILE = 64;

/** What is known of a row or column of logits after a part of it. */
struct alignas(16) Part {
  float match;   // the largest of the matches
  float other;   // the largest of the rest
  float sum;     // Σ exp(s − shift) of all
  float matches; // the sum of the matches

  static __device__ __forceinline__ Part nothing() {
    return Part{-INFINITY, -INFINITY, 0.0f, 0.0f};
  }

  /** The largest of all; finite where there is none, for differences of shifts must be numbers. */
  __device__ __forceinline__ float shift() const {
    constexpr float LOWEST = -3.402823466e38f;
    return Larger()(Larger()(match, other), LOWEST);
  }

  __device__ __forceinline__ void join(const Part& next) {
    float mine = shift();
    float its = next.shift();
    match = Larger()(match, next.match);
    other = Larger()(other, next.other);
    float largest = shift();
    sum = sum * expf(mine - largest) + next.sum * expf(its - largest);
    matches += next.matches;
  }
};

/** Without ids every pair has an id of its own. */
__device__ __forceinline__ int idOf(const int* ids, int pair) {
  return ids == nullptr ? pair : ids[pair];
}

/**
 * A part of each row and each column of a tile: blockIdx.x counts tiles along the rows, blockIdx.y
 * down the chunk.
 *
 * products (rows, N), rows `pitch` apart; ofRows (tiles along, rows); ofColumns (tiles down, N)
 */
extern "C" __global__ void __launch_bounds__(2 * TILE) contrastive_statistics(
    const float* products, const float* logScale, const int* ids, Part* ofRows, Part* ofColumns,
    int firstRow, int rows, int n, int pitch) {
  __shared__ float tile[TILE][TILE + 1]; // rows and columns are both read without conflicts
  __shared__ int rowIds[TILE];
  __shared__ int columnIds[TILE];
  int top = blockIdx.y * TILE;
  int left = blockIdx.x * TILE;
  int height = min(TILE, rows - top);
  int width = min(TILE, n - left);
  bool isRow = threadIdx.x < TILE;
  int line = threadIdx.x % TILE;
  if (isRow && line < height) {
    rowIds[line] = idOf(ids, firstRow + top + line);
  }
  if (!isRow && line < width) {
    columnIds[line] = idOf(ids, left + line);
  }
  float scale = expf(*logScale);
  if (line < width) {
    const float* column = products + (long long)top * pitch + left + line;
#pragma unroll 8 // that many loads on their way
    for (int row = threadIdx.x / TILE; row < height; row += 2) {
      tile[row][line] = scale * column[(long long)row * pitch];
    }
  }
  __syncthreads();
  if (line >= (isRow ? height : width)) {
    return;
  }
  const float* s = isRow ? tile[line] : &tile[0][line];
  int step = isRow ? 1 : TILE + 1;
  int length = isRow ? width : height;
  int id = isRow ? rowIds[line] : columnIds[line];
  const int* others = isRow ? columnIds : rowIds;
  Part part = Part::nothing();
#pragma unroll 4
  for (int k = 0; k < length; k++) {
    float x = s[k * step];
    bool matches = others[k] == id;
    part.match = matches ? Larger()(part.match, x) : part.match;
    part.other = matches ? part.other : Larger()(part.other, x);
    part.matches += matches ? x : 0.0f;
  }
  float shift = part.shift();
#pragma unroll 4
  for (int k = 0; k < length; k++) {
    part.sum += expf(s[k * step] - shift);
  }
  if (isRow) {
    ofRows[(long long)blockIdx.x * rows + top + line] = part;
  } else {
    ofColumns[(long long)blockIdx.y * n + left + line] = part;
  }
}

/**
 * lines_i = parts of line i joined, behind what lines_i holds if `carried`. parts (count, lines);
 * lane: a line of 32; the warps of a block take turns with the parts.
 */
extern "C" __global__ void __launch_bounds__(WARP* WARP) contrastive_join(
    const Part* parts, Part* joined, int count, int lines, int carried) {
  __shared__ Part ofWarp[WARP][WARP];
  int lane = threadIdx.x % WARP;
  int warp = threadIdx.x / WARP;
  int warps = blockDim.x / WARP;
  int line = blockIdx.x * WARP + lane;
  Part part = Part::nothing();
  if (line < lines) {
#pragma unroll 4 // that many loads on their way
    for (int i = warp; i < count; i += warps) {
      part.join(parts[(long long)i * lines + line]);
    }
  }
  ofWarp[warp][lane] = part;
  __syncthreads();
  if (warp == 0 && line < lines) {
    Part all = carried != 0 ? joined[line] : Part::nothing();
    for (int i = 0; i < warps; i++) {
      all.join(ofWarp[i][lane]);
    }
    joined[line] = all;
  }
}

/** Threads of a block that counts matches, each those of one pair. */
constexpr int COUNTERS = 128;

/** share_i = 1 over how many pairs match i, itself included: 1 without ids. */
extern "C" __global__ void __launch_bounds__(COUNTERS) contrastive_shares(
    const int* ids, float* share, int n) {
  __shared__ int others[COUNTERS];
  int pair = blockIdx.x * COUNTERS + threadIdx.x;
  if (ids == nullptr) {
    if (pair < n) {
      share[pair] = 1.0f;
    }
    return;
  }
  int id = pair < n ? ids[pair] : 0;
  int count = 0;
  for (int begin = 0; begin < n; begin += COUNTERS) {
    __syncthreads(); // the ones before may still be read
    if (begin + threadIdx.x < n) {
      others[threadIdx.x] = ids[begin + threadIdx.x];
    }
    __syncthreads();
    int length = min(COUNTERS, n - begin);
#pragma unroll 8
    for (int k = 0; k < length; k++) {
      count += others[k] == id ? 1 : 0;
    }
  }
  if (pair < n) {
    share[pair] = 1.0f / count;
  }
}

/** Log-sum-exp of a line, and its part of the loss and the accuracy added to what came before. */
__device__ __forceinline__ float finish(const Part& line, float share, float& loss, float& right) {
  float log = logf(line.sum);
  // In this order the shift, up to 100, cancels where a match is the largest.
  loss += (line.shift() - line.matches * share) + log;
  right += line.match > line.other ? 1.0f : 0.0f; // a tie is not right
  return line.shift() + log;
}

/** All that the forward pass gives, from what is known of whole rows and columns. One block. */
extern "C" __global__ void __launch_bounds__(1024) contrastive_loss(
    const Part* rows, const Part* columns, const float* share, float* loss, float* accuracy,
    float* rowLse, float* columnLse, int n) {
  float sum = 0.0f;
  float right = 0.0f;
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    rowLse[i] = finish(rows[i], share[i], sum, right);
    columnLse[i] = finish(columns[i], share[i], sum, right);
  }
  sum = sumBlock(sum);
  right = sumBlock(right);
  if (threadIdx.x == 0) {
    *loss = sum / (2.0f * n);
    *accuracy = right / (2.0f * n);
  }
}

/** Rows of a block that turns products into gradients; it has 128 columns, a pack a lane. */
constexpr int GRADIENT_ROWS = 64;
constexpr int GRADIENT_THREADS = 256;

/**
 * g_ij = weight·(P + Q − 2·target), and for each block Σ P·log P + Q·log Q.
 *
 * products, g (rows, N), rows `pitch` apart, aligned as packs
 */
template <typename T>
__device__ __forceinline__ void gradient(
    const float* products, const float* logScale, const int* ids, const float* share,
    const float* rowLse, const float* columnLse, const float* dLoss, T* g, float* partial,
    int firstRow, int rows, int n, int pitch) {
  int column = (blockIdx.x * WARP + threadIdx.x % WARP) * PACK;
  float scale = expf(*logScale);
  float weight = scale * (*dLoss / (2.0f * n));
  float ofColumn[PACK];
  int columnId[PACK];
#pragma unroll
  for (int k = 0; k < PACK; k++) {
    bool in = column + k < n;
    ofColumn[k] = in ? columnLse[column + k] : 0.0f;
    columnId[k] = in ? idOf(ids, column + k) : 0;
  }
  float negativeEntropy = 0.0f;
  int begin = blockIdx.y * GRADIENT_ROWS + threadIdx.x / WARP;
  int end = column < n ? min(rows, (int)(blockIdx.y + 1) * GRADIENT_ROWS) : 0;
#pragma unroll 2
  for (int row = begin; row < end; row += GRADIENT_THREADS / WARP) {
    long long at = (long long)row * pitch + column;
    bool whole = column + PACK <= n;
    float v[PACK];
    if (whole) {
      loadPack(products + at, v);
    } else {
#pragma unroll
      for (int k = 0; k < PACK; k++) {
        v[k] = column + k < n ? products[at + k] : 0.0f;
      }
    }
    int id = idOf(ids, firstRow + row);
    float lse = rowLse[firstRow + row];
    float target = 2.0f * share[firstRow + row]; // j's share of i and i's share of j are the same
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      float logP = scale * v[k] - lse;
      float logQ = scale * v[k] - ofColumn[k];
      float p = expf(logP);
      float q = expf(logQ);
      negativeEntropy += column + k < n ? p * logP + q * logQ : 0.0f;
      v[k] = weight * (p + q - (columnId[k] == id ? target : 0.0f));
    }
    if (whole) {
      storePack(g + at, v);
    } else {
#pragma unroll
      for (int k = 0; k < PACK; k++) {
        if (column + k < n) {
          store(g + at + k, v[k]);
        }
      }
    }
  }
  negativeEntropy = sumBlock(negativeEntropy);
  if (threadIdx.x == 0) {
    partial[blockIdx.y * gridDim.x + blockIdx.x] = negativeEntropy;
  }
}

#define GRADIENT(T, NAME)                                                                        \
  extern "C" __global__ void __launch_bounds__(GRADIENT_THREADS) contrastive_gradient_##NAME(    \
      const float* products, const float* logScale, const int* ids, const float* share,          \
      const float* rowLse, const float* columnLse, const float* dLoss, T* g, float* partial,     \
      int firstRow, int rows, int n, int pitch) {                                                \
    gradient<T>(products, logScale, ids, share, rowLse, columnLse, dLoss, g, partial, firstRow,  \
                rows, n, pitch);                                                                 \
  }

GRADIENT(float, f32)
GRADIENT(bf16, bf16)

/** dLogScale ← dLogScale + dLoss·(loss + meanNegativeEntropy). One thread. */
extern "C" __global__ void contrastive_scale_gradient(
    const float* loss, const float* meanNegativeEntropy, const float* dLoss, float* dLogScale) {
  *dLogScale += *dLoss * (*loss + *meanNegativeEntropy);
}

/**
 * dx = (dy − y·(y·dy))/‖x‖ rounded to bf16 from dy in f32, or dy alone if y is null: a warp a row.
 */
extern "C" __global__ void contrastive_embedding_gradient_bf16(
    const bf16* y, const float* inverseNorm, const float* dy, bf16* dx, int n, int c) {
  long long row = warpRow();
  if (row >= n) {
    return;
  }
  dy += row * c;
  dx += row * c;
  if (y == nullptr) {
    for (int i = threadIdx.x % WARP; i < c; i += WARP) {
      store(dx + i, dy[i]);
    }
    return;
  }
  y += row * c;
  float along = 0.0f;
  for (int i = threadIdx.x % WARP; i < c; i += WARP) {
    along = fmaf(load(y + i), dy[i], along);
  }
  along = sumWarp(along);
  float scale = inverseNorm[row];
  for (int i = threadIdx.x % WARP; i < c; i += WARP) {
    store(dx + i, (dy[i] - load(y + i) * along) * scale);
  }
}
