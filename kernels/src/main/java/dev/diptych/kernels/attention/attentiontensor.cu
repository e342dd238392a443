// Scaled dot-product attention in bf16 on the tensor cores; equations and shapes as in attention.cu.
//
// Traffic    read q, k, v once, write y once: 8·T·D bytes for 4·T²·D flops a head, so that a GPU is
//            bound by its memory up to T of about 100
// Method     a block takes one head with its keys and values on chip; a warp takes 16 queries and
//            goes through the keys by 32, what is left by 16: T = 50, 77, 197, 257 compute on 64, 80,
//            208, 272 keys. Online softmax (FlashAttention-2, Dao 2023), weights stay in registers: what
//            m16n8k16 gives out is what it takes in. Longer heads: keys and values tile after tile
// Backward   q, k, v, dy of a head on chip; a warp takes 16 keys and sums dk and dv over the queries,
//            then 16 queries and sums dq over the keys: the scores are computed twice, but every sum is
//            one warp's, in registers and in order. Longer heads: the same from tiles, in two launches
// Rounding   weights and ds to bf16 before they are multiplied; all else is f32
#include "rows.cuh"

constexpr int STEP = 16;       // queries of a warp; keys of the smallest step
constexpr int MOST_THREADS = 256;
constexpr float LOG2_E = 1.4426950408889634f;

__device__ __forceinline__ float exp2Fast(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ int lane() { return threadIdx.x % WARP; }

/** The first of the two rows, eight apart, whose sums this lane holds. */
__device__ __forceinline__ int rowOfLane() { return lane() / 4; }

/** The first of the two columns, side by side, whose sums this lane holds. */
__device__ __forceinline__ int columnOfLane() { return lane() % 4 * 2; }

template <int N>
__device__ __forceinline__ void clear(float (&sums)[N][4]) {
#pragma unroll
  for (int n = 0; n < N; n++) {
#pragma unroll
    for (int e = 0; e < 4; e++) {
      sums[n][e] = 0.0f;
    }
  }
}

/** Two tiles of sums, side by side, as the left operand of the next product. */
__device__ __forceinline__ void pack(const float (&left)[4], const float (&right)[4], Fragment& a) {
  a[0] = packBf16(left[0], left[1]);
  a[1] = packBf16(left[2], left[3]);
  a[2] = packBf16(right[0], right[1]);
  a[3] = packBf16(right[2], right[3]);
}

/** Exchanges the words of four lanes side by side: word i of lane j becomes word j of lane i. */
__device__ __forceinline__ void transposeQuad(unsigned (&words)[4]) {
#pragma unroll
  for (int distance = 1; distance <= 2; distance *= 2) {
    bool upper = lane() & distance;
#pragma unroll
    for (int low = 0; low < 4; low++) {
      int high = low + distance;
      if ((low & distance) == 0) {
        unsigned got = __shfl_xor_sync(ALL_LANES, upper ? words[low] : words[high], distance);
        words[low] = upper ? got : words[low];
        words[high] = upper ? words[high] : got;
      }
    }
  }
}

/**
 * Writes the first (half 0) or second row of this lane's sums times `scale`, by 16 bytes where four
 * tiles lie side by side. `to`: the row's first element, aligned; not written unless it exists.
 */
template <int N>
__device__ __forceinline__ void putRow(
    bf16* to, const float (&sums)[N][4], int half, float scale, bool exists) {
#pragma unroll
  for (int n = 0; n + 4 <= N; n += 4) {
    unsigned words[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
      words[i] = packBf16(sums[n + i][2 * half] * scale, sums[n + i][2 * half + 1] * scale);
    }
    transposeQuad(words);
    if (exists) {
      *reinterpret_cast<uint4*>(to + 8 * (n + lane() % 4)) =
          make_uint4(words[0], words[1], words[2], words[3]);
    }
  }
#pragma unroll
  for (int n = N / 4 * 4; n < N; n++) {
    if (exists) {
      *reinterpret_cast<unsigned*>(to + 8 * n + columnOfLane()) =
          packBf16(sums[n][2 * half] * scale, sums[n][2 * half + 1] * scale);
    }
  }
}

// --- Forward ---------------------------------------------------------------------------------

/** Sixteen queries of a warp. */
template <int D>
struct Queries {
  float y[D / 8][4];
  float largest[2]; // of the scores before they are scaled
  float total[2];   // of the keys of this lane

  __device__ __forceinline__ void begin() {
    clear(y);
    largest[0] = largest[1] = -INFINITY;
    total[0] = total[1] = 0.0f;
  }

  /** Takes 16·STEPS keys; from key `row` in the tiles. `masked`: some are not seen. */
  template <int STEPS>
  __device__ __forceinline__ void take(
      const bf16* own, const bf16* k, const bf16* v, int row, const Head& head, int query, int key,
      bool masked) {
    float s[2 * STEPS][4];
    clear(s);
#pragma unroll
    for (int e = 0; e < D / 16; e++) {
      Fragment q; // from shared memory each time: registers are dearer
      loadLeft<D>(own, 0, 16 * e, q);
#pragma unroll
      for (int i = 0; i < STEPS; i++) {
        Fragment b;
        loadRight<D>(k, row + STEP * i, 16 * e, b);
        multiplyAdd(s[2 * i], q, b[0], b[1]);
        multiplyAdd(s[2 * i + 1], q, b[2], b[3]);
      }
    }
    if (masked) {
#pragma unroll
      for (int n = 0; n < 2 * STEPS; n++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
          if (!head.sees(query + rowOfLane() + e / 2 * 8, key + 8 * n + columnOfLane() + e % 2)) {
            s[n][e] = -INFINITY;
          }
        }
      }
    }
    float factor = head.p.scale * LOG2_E;
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float most = largest[half];
#pragma unroll
      for (int n = 0; n < 2 * STEPS; n++) {
        most = fmaxf(most, fmaxf(s[n][2 * half], s[n][2 * half + 1]));
      }
      most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 1));
      most = fmaxf(most, __shfl_xor_sync(ALL_LANES, most, 2));
      float base = most == -INFINITY ? 0.0f : most; // no key so far: 2^−∞ is 0, not NaN
      float shrink = exp2Fast((largest[half] - base) * factor);
      largest[half] = most;
      float added = 0.0f;
#pragma unroll
      for (int n = 0; n < 2 * STEPS; n++) {
#pragma unroll
        for (int e = 2 * half; e < 2 * half + 2; e++) {
          s[n][e] = exp2Fast(fmaf(s[n][e], factor, -base * factor));
          added += s[n][e];
        }
      }
      total[half] = fmaf(total[half], shrink, added);
#pragma unroll
      for (int n = 0; n < D / 8; n++) {
        y[n][2 * half] *= shrink;
        y[n][2 * half + 1] *= shrink;
      }
    }
#pragma unroll
    for (int i = 0; i < STEPS; i++) {
      Fragment weights;
      pack(s[2 * i], s[2 * i + 1], weights);
#pragma unroll
      for (int e = 0; e < D / 16; e++) {
        Fragment b;
        loadTransposed<D>(v, row + STEP * i, 16 * e, b);
        multiplyAdd(y[2 * e], weights, b[0], b[1]);
        multiplyAdd(y[2 * e + 1], weights, b[2], b[3]);
      }
    }
  }

  /** Takes `count` keys from the first of the tiles on, which is key `key` of the head. */
  __device__ __forceinline__ void takeAll(
      const bf16* own, const bf16* k, const bf16* v, int count, const Head& head, int query, int key) {
    int steps = (count + STEP - 1) / STEP;
    int row = 0;
#pragma unroll 1
    for (; steps > 2; steps -= 2, row += 2 * STEP) {
      take<2>(own, k, v, row, head, query, key + row, false);
    }
    // What is masked lies in the last step: queries of a warp and steps begin at multiples of 16.
    switch (steps) {
      case 2: take<2>(own, k, v, row, head, query, key + row, true); break;
      case 1: take<1>(own, k, v, row, head, query, key + row, true); break;
    }
  }

  /** Writes y and lse, through the warp's own rows in shared memory. */
  __device__ __forceinline__ void put(bf16* own, bf16* to, float* lse, const Head& head, int query) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
      float all = total[half];
      all += __shfl_xor_sync(ALL_LANES, all, 1);
      all += __shfl_xor_sync(ALL_LANES, all, 2);
      int row = rowOfLane() + 8 * half;
      if (query + row < head.p.tq && columnOfLane() == 0) {
        lse[head.index * head.p.tq + query + row] =
            largest[half] * head.p.scale + logf(all);
      }
      float scale = all == 0.0f ? 0.0f : 1.0f / all;
#pragma unroll
      for (int n = 0; n < D / 8; n++) {
        *reinterpret_cast<unsigned*>(own + place<D>(row, 8 * n) + columnOfLane()) =
            packBf16(y[n][2 * half] * scale, y[n][2 * half + 1] * scale);
      }
    }
    __syncwarp();
    for (int i = lane(); i < STEP * D / 8; i += WARP) {
      int row = i / (D / 8);
      int column = i % (D / 8) * 8;
      if (query + row < head.p.tq) {
        *reinterpret_cast<uint4*>(to + (long long)(query + row) * head.p.c() + column) =
            *reinterpret_cast<const uint4*>(own + place<D>(row, column));
      }
    }
    __syncwarp();
  }
};

/** Block (head, part of the queries). `keysOnChip`: rows of k and v in shared memory. */
template <int D>
__device__ __forceinline__ void forward(
    const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, bf16* y, float* lse,
    int keysOnChip, const Problem& p) {
  extern __shared__ __align__(16) bf16 shared[];
  Head head(p, keyLengths, blockIdx.x);
  int warp = threadIdx.x / WARP;
  int warps = blockDim.x / WARP;
  bf16* ofK = shared;
  bf16* ofV = ofK + keysOnChip * lineOf<D>;
  bf16* own = ofV + (keysOnChip + STEP * warp) * lineOf<D>;
  bool allOnChip = head.keys <= keysOnChip;
  bool isLoaded = false;
  Queries<D> queries;
#pragma unroll 1
  for (int first = blockIdx.y * warps * STEP; first < p.tq; first += gridDim.y * warps * STEP) {
    int query = first + STEP * warp;
    copyRows<D>(own, head.queries(q).skip(query), STEP, lane(), WARP);
    queries.begin();
    int end = p.causal && !allOnChip ? min(head.keys, first + warps * STEP) : head.keys;
    int seen = p.causal ? min(head.keys, query + STEP) : head.keys;
#pragma unroll 1
    for (int key = 0; key < end; key += keysOnChip) {
      if (!isLoaded) {
        __syncthreads(); // what lay there has been read
        int rows = (min(end - key, keysOnChip) + STEP - 1) / STEP * STEP;
        copyRows<D>(ofK, head.keyRows(k).skip(key), rows, threadIdx.x, blockDim.x);
        copyRows<D>(ofV, head.keyRows(v).skip(key), rows, threadIdx.x, blockDim.x);
      }
      awaitCopies();
      if (isLoaded) {
        __syncwarp(); // only the queries are new
      } else {
        __syncthreads();
      }
      isLoaded = allOnChip;
      if (query < p.tq) {
        queries.takeAll(own, ofK, ofV, min(seen - key, keysOnChip), head, query, key);
      }
    }
    awaitCopies();
    __syncwarp();
    queries.put(own, head.out(y), lse, head, query);
  }
}

// --- Backward --------------------------------------------------------------------------------

/**
 * For `rows` queries from `first` on: lse·log₂e and delta. Those without keys, and those past the
 * last, get +∞, so that their weights are 0.
 */
template <int D>
__device__ __forceinline__ void statistics(
    const Head& head, const bf16* y, const bf16* dy, const float* lse, int first, int rows,
    float* ofLse, float* ofDelta) {
  constexpr int LANES = 8; // of a row
  for (int at = threadIdx.x; at < rows * LANES; at += blockDim.x) {
    int row = at / LANES;
    bool exists = first + row < head.p.tq;
    float sum = 0.0f;
    if (exists) {
      long long offset = (long long)(first + row) * head.p.c();
      for (int e = at % LANES * PACK; e < D; e += LANES * PACK) {
        float a[PACK];
        float b[PACK];
        loadPack(head.out(y) + offset + e, a);
        loadPack(head.out(dy) + offset + e, b);
#pragma unroll
        for (int i = 0; i < PACK; i++) {
          sum = fmaf(a[i], b[i], sum);
        }
      }
    }
    // Rows are whole in any warp: 16 rows are 128 threads, and blocks are of whole warps.
    sum += __shfl_xor_sync(ALL_LANES, sum, 1);
    sum += __shfl_xor_sync(ALL_LANES, sum, 2);
    sum += __shfl_xor_sync(ALL_LANES, sum, 4);
    if (at % LANES == 0) {
      float l = exists ? lse[head.index * head.p.tq + first + row] : INFINITY;
      ofLse[row] = l == -INFINITY ? INFINITY : l * LOG2_E;
      ofDelta[row] = sum;
    }
  }
}

/** KEYS: dk and dv of sixteen keys; otherwise dq of sixteen queries. */
template <int D, bool KEYS>
struct Gradients {
  static constexpr bool HELD = D < 96; // the warp's own rows, in registers
  Fragment ownFirst[HELD ? D / 16 : 1];
  Fragment ownSecond[HELD ? D / 16 : 1];
  float first[D / 8][4];              // dk or dq
  float second[KEYS ? D / 8 : 1][4];  // dv

  __device__ __forceinline__ void begin(const bf16* a, const bf16* b, int row) {
    clear(first);
    clear(second);
    if (HELD) {
#pragma unroll
      for (int e = 0; e < D / 16; e++) {
        loadLeft<D>(a, row, 16 * e, ownFirst[e]);
        loadLeft<D>(b, row, 16 * e, ownSecond[e]);
      }
    }
  }

  /**
   * Takes the rows `from` to `end` of tiles whose first is row `start` of the head.
   *
   * @param a k if KEYS, otherwise q, and the warp's first row in it; b: v or dy, alike
   * @param c q if KEYS, otherwise k; d: dy or v, alike
   * @param lse of the queries of c, or of the warp's own; delta alike
   */
  __device__ __forceinline__ void take(
      const bf16* a, const bf16* b, int row, const bf16* c, const bf16* d, const float* lse,
      const float* delta, int from, int end, int start, int own, const Head& head) {
    float factor = head.p.scale * LOG2_E;
#pragma unroll 1
    for (int at = from; at < end; at += STEP) {
      float s[2][4];
      float dp[2][4];
      clear(s);
      clear(dp);
#pragma unroll
      for (int e = 0; e < D / 16; e++) {
        Fragment left;
        Fragment right;
        if (!HELD) {
          loadLeft<D>(a, row, 16 * e, left);
        }
        loadRight<D>(c, at, 16 * e, right);
        multiplyAdd(s[0], HELD ? ownFirst[e] : left, right[0], right[1]);
        multiplyAdd(s[1], HELD ? ownFirst[e] : left, right[2], right[3]);
        if (!HELD) {
          loadLeft<D>(b, row, 16 * e, left);
        }
        loadRight<D>(d, at, 16 * e, right);
        multiplyAdd(dp[0], HELD ? ownSecond[e] : left, right[0], right[1]);
        multiplyAdd(dp[1], HELD ? ownSecond[e] : left, right[2], right[3]);
      }
      int other = start + at;
      bool masked = (KEYS ? own : other) + STEP > head.keys || (head.p.causal && own == other);
#pragma unroll
      for (int n = 0; n < 2; n++) {
#pragma unroll
        for (int e = 0; e < 4; e++) {
          int down = rowOfLane() + e / 2 * 8;
          int across = 8 * n + columnOfLane() + e % 2;
          int query = KEYS ? at + across : row + down;
          float p = exp2Fast(fmaf(s[n][e], factor, -lse[query]));
          if (masked && !head.sees(KEYS ? other + across : own + down,
                                   KEYS ? own + down : other + across)) {
            p = 0.0f;
            dp[n][e] = 0.0f;
          } else {
            dp[n][e] = p * (dp[n][e] - delta[query]);
          }
          s[n][e] = p;
        }
      }
      Fragment ofDs;
      pack(dp[0], dp[1], ofDs);
      addProduct(first, ofDs, c, at);
      if (KEYS) {
        Fragment weights;
        pack(s[0], s[1], weights);
        addProduct(second, weights, d, at);
      }
    }
  }

  template <int N>
  static __device__ __forceinline__ void addProduct(
      float (&sums)[N][4], const Fragment& left, const bf16* rows, int at) {
#pragma unroll
    for (int e = 0; e < N / 2; e++) {
      Fragment right;
      loadTransposed<D>(rows, at, 16 * e, right);
      multiplyAdd(sums[2 * e], left, right[0], right[1]);
      multiplyAdd(sums[2 * e + 1], left, right[2], right[3]);
    }
  }

  __device__ __forceinline__ void put(bf16* dFirst, bf16* dSecond, const Head& head, int own) {
    int rows = KEYS ? head.p.tk : head.p.tq;
    int stride = KEYS ? head.p.keyStride : head.p.queryStride;
    long long start = KEYS ? head.keyStart() : head.queryStart();
#pragma unroll
    for (int half = 0; half < 2; half++) {
      int row = own + rowOfLane() + 8 * half;
      long long at = start + (long long)row * stride;
      putRow(dFirst + at, first, half, head.p.scale, row < rows);
      if (KEYS) {
        putRow(dSecond + at, second, half, 1.0f, row < rows);
      }
    }
  }
};

__device__ __forceinline__ int roundUp(int rows) { return (rows + STEP - 1) / STEP * STEP; }

/** Block (head): everything of it on chip. */
template <int D>
__device__ __forceinline__ void backward(
    const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, const bf16* y,
    const float* lse, const bf16* dy, bf16* dq, bf16* dk, bf16* dv, const Problem& p) {
  extern __shared__ __align__(16) bf16 shared[];
  Head head(p, keyLengths, blockIdx.x);
  int queries = roundUp(p.tq);
  int keys = roundUp(p.tk);
  bf16* ofQ = shared;
  bf16* ofDy = ofQ + queries * lineOf<D>;
  bf16* ofK = ofDy + queries * lineOf<D>;
  bf16* ofV = ofK + keys * lineOf<D>;
  float* ofLse = reinterpret_cast<float*>(ofV + keys * lineOf<D>);
  float* ofDelta = ofLse + queries;
  copyRows<D>(ofQ, head.queries(q), queries, threadIdx.x, blockDim.x);
  copyRows<D>(ofDy, Rows<bf16>{head.out(dy), p.c(), p.tq}, queries, threadIdx.x, blockDim.x);
  copyRows<D>(ofK, head.keyRows(k), keys, threadIdx.x, blockDim.x);
  copyRows<D>(ofV, head.keyRows(v), keys, threadIdx.x, blockDim.x);
  statistics<D>(head, y, dy, lse, 0, queries, ofLse, ofDelta);
  awaitCopies();
  __syncthreads();
  int first = threadIdx.x / WARP * STEP;
  int step = blockDim.x / WARP * STEP;
#pragma unroll 1
  for (int key = first; key < keys; key += step) {
    Gradients<D, true> ofKeys;
    ofKeys.begin(ofK, ofV, key);
    ofKeys.take(ofK, ofV, key, ofQ, ofDy, ofLse, ofDelta, p.causal ? key : 0,
                key < head.keys ? queries : 0, 0, key, head);
    ofKeys.put(dk, dv, head, key);
  }
#pragma unroll 1
  for (int query = first; query < queries; query += step) {
    Gradients<D, false> ofQueries;
    ofQueries.begin(ofQ, ofDy, query);
    int end = p.causal ? min(head.keys, query + STEP) : head.keys;
    ofQueries.take(ofQ, ofDy, query, ofK, ofV, ofLse, ofDelta, 0, end, 0, query, head);
    ofQueries.put(dq, nullptr, head, query);
  }
}

/**
 * Block (head, rows): a warp holds sixteen keys (KEYS) or queries; the others come by tiles of as many
 * rows as the block has of its own.
 */
template <int D, bool KEYS>
__device__ __forceinline__ void backwardLong(
    const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, const bf16* y,
    const float* lse, const bf16* dy, bf16* dFirst, bf16* dSecond, const Problem& p) {
  extern __shared__ __align__(16) bf16 shared[];
  Head head(p, keyLengths, blockIdx.x);
  int rows = blockDim.x / WARP * STEP;
  bf16* ofA = shared;
  bf16* ofB = ofA + rows * lineOf<D>;
  bf16* ofC = ofB + rows * lineOf<D>;
  bf16* ofD = ofC + rows * lineOf<D>;
  float* ofLse = reinterpret_cast<float*>(ofD + rows * lineOf<D>);
  float* ofDelta = ofLse + rows;
  Rows<bf16> rowsOfQ = head.queries(q);
  Rows<bf16> rowsOfDy{head.out(dy), p.c(), p.tq};
  Rows<bf16> rowsOfK = head.keyRows(k);
  Rows<bf16> rowsOfV = head.keyRows(v);
  int start = blockIdx.y * rows;
  int row = threadIdx.x / WARP * STEP;
  int own = start + row;
  copyRows<D>(ofA, (KEYS ? rowsOfK : rowsOfQ).skip(start), rows, threadIdx.x, blockDim.x);
  copyRows<D>(ofB, (KEYS ? rowsOfV : rowsOfDy).skip(start), rows, threadIdx.x, blockDim.x);
  if (!KEYS) {
    statistics<D>(head, y, dy, lse, start, rows, ofLse, ofDelta);
  }
  awaitCopies();
  __syncthreads();
  Gradients<D, KEYS> gradients;
  gradients.begin(ofA, ofB, row);
  int begin = KEYS && p.causal ? start : 0;
  int end = KEYS ? (start < head.keys ? p.tq : 0)
                 : (p.causal ? min(head.keys, start + rows) : head.keys);
#pragma unroll 1
  for (int other = begin; other < end; other += rows) {
    __syncthreads(); // what lay there has been read
    copyRows<D>(ofC, (KEYS ? rowsOfQ : rowsOfK).skip(other), rows, threadIdx.x, blockDim.x);
    copyRows<D>(ofD, (KEYS ? rowsOfDy : rowsOfV).skip(other), rows, threadIdx.x, blockDim.x);
    if (KEYS) {
      statistics<D>(head, y, dy, lse, other, rows, ofLse, ofDelta);
    }
    awaitCopies();
    __syncthreads();
    int from = KEYS && p.causal ? max(0, own - other) : 0;
    int until = min(rows, end - other);
    if (!KEYS && p.causal) {
      until = min(until, own + STEP - other);
    }
    if (KEYS && own >= head.keys) {
      until = 0;
    }
    gradients.take(ofA, ofB, row, ofC, ofD, ofLse, ofDelta, from, until, other, own, head);
  }
  gradients.put(dFirst, dSecond, head, own);
}

#define KERNELS(D, BLOCKS)                                                                               \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS, BLOCKS) attention_forward_##D(      \
      const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, bf16* y, float* lse,   \
      int keysOnChip, SIZES) {                                                                   \
    forward<D>(q, k, v, keyLengths, y, lse, keysOnChip, PROBLEM);                                \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS) attention_backward_##D(             \
      const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, const bf16* y,         \
      const float* lse, const bf16* dy, bf16* dq, bf16* dk, bf16* dv, SIZES) {                   \
    backward<D>(q, k, v, keyLengths, y, lse, dy, dq, dk, dv, PROBLEM);                           \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS) attention_backward_keys_##D(        \
      const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, const bf16* y,         \
      const float* lse, const bf16* dy, bf16* dk, bf16* dv, SIZES) {                             \
    backwardLong<D, true>(q, k, v, keyLengths, y, lse, dy, dk, dv, PROBLEM);                     \
  }                                                                                              \
  extern "C" __global__ void __launch_bounds__(MOST_THREADS) attention_backward_queries_##D(     \
      const bf16* q, const bf16* k, const bf16* v, const int* keyLengths, const bf16* y,         \
      const float* lse, const bf16* dy, bf16* dq, SIZES) {                                       \
    backwardLong<D, false>(q, k, v, keyLengths, y, lse, dy, dq, nullptr, PROBLEM);               \
  }

KERNELS(32, 2)
KERNELS(64, 2)
KERNELS(80, 1)
KERNELS(96, 1)
KERNELS(128, 1)
