// Rows picked by number: token embedding, and one row per picture or text.
//
// Equation   embedding: y_bt = table_id(b,t) + positions_t;  gather: y_b = x_b,index(b)
// Shapes     ids (B, T) ints, table (V, C), positions (T, C), y (B, T, C), f32;
//            gather: x (B, T, C), index (B) ints, y (B, C)
// Traffic    read B·T rows of the table, write y: 8·B·T·C bytes → memory-bound
// Method     a thread an element; neighbours read neighbours
// Backward   dTable_id += Σ dy_bt over all (b, t) with that id: the host sorts the places of each id
//            and cuts them into pieces of at most 64 (EmbeddingPlan); a block sums the rows of a
//            piece, a second launch joins the pieces of an id. No atomics: always the same bits.
//            dPositions_t += Σ_b dy_bt: sum_rows of reduce.cu on dy as (B, T·C)
//            gather: dx_b,index(b) = dy_b, zero elsewhere
#include "../cuda/common.cuh"

/** blockIdx.x counts rows of y. */
extern "C" __global__ void embedding_forward(
    const int* ids, const float* table, const float* positions, float* y, int t, int c) {
  long long row = blockIdx.x;
  const float* from = table + (long long)ids[row] * c;
  const float* position = positions + row % t * c;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    y[row * c + i] = from[i] + position[i];
  }
}

/**
 * partial (pieces, C): the rows order[begin(piece)] … order[begin(piece + 1) − 1] of dy, summed in
 * that order. blockIdx.x counts pieces, blockIdx.y groups of columns.
 */
extern "C" __global__ void embedding_pieces(
    const int* order, const int* begin, const float* dy, float* partial, int c) {
  int column = blockIdx.y * blockDim.x + threadIdx.x;
  if (column < c) {
    int piece = blockIdx.x;
    float sum = 0.0f;
#pragma unroll 4
    for (int i = begin[piece]; i < begin[piece + 1]; i++) {
      sum += dy[(long long)order[i] * c + column];
    }
    partial[(long long)piece * c + column] = sum;
  }
}

/** dTable_id += the pieces firstPiece(k) … firstPiece(k + 1) − 1 of the k-th id that occurs. */
extern "C" __global__ void embedding_join(
    const int* id, const int* firstPiece, const float* partial, float* dTable, int c) {
  int column = blockIdx.y * blockDim.x + threadIdx.x;
  if (column < c) {
    int k = blockIdx.x;
    float sum = 0.0f;
#pragma unroll 4
    for (int piece = firstPiece[k]; piece < firstPiece[k + 1]; piece++) {
      sum += partial[(long long)piece * c + column];
    }
    dTable[(long long)id[k] * c + column] += sum;
  }
}

/** blockIdx.x counts rows of y. */
extern "C" __global__ void gather_forward(
    const float* x, const int* index, float* y, int t, int c) {
  long long b = blockIdx.x;
  const float* from = x + (b * t + index[b]) * c;
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    y[b * c + i] = from[i];
  }
}

/** blockIdx.x counts rows of dx. */
extern "C" __global__ void gather_backward(
    const int* index, const float* dy, float* dx, int t, int c) {
  long long row = blockIdx.x;
  long long b = row / t;
  bool picked = index[b] == (int)(row % t);
  for (int i = threadIdx.x; i < c; i += blockDim.x) {
    dx[row * c + i] = picked ? dy[b * c + i] : 0.0f;
  }
}
