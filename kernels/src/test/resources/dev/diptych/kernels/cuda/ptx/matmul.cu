// C (M, N) = A (M, K) · B (N, K)ᵀ, bf16 with f32 sums: a pipeline of asynchronous copies into shared
// memory, ldmatrix, and the tensor cores. A block makes a tile of 32×32 with four warps. K must be a
// multiple of 8.
#include <cuda_bf16.h>

constexpr int TILE = 32;
constexpr int DEPTH = 32;
constexpr int STAGES = 3;
constexpr int PADDED = DEPTH + 8;  // rows start in different banks

typedef __nv_bfloat16 Stage[TILE][PADDED];

__device__ __forceinline__ unsigned shared_address(const void* p) {
  return (unsigned)__cvta_generic_to_shared(p);
}

__device__ __forceinline__ void copy_async(void* to, const void* from, bool exists) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)),
               "l"(from), "r"(exists ? 16 : 0)
               : "memory");
}

__device__ __forceinline__ void load_matrices(unsigned* r, const void* from) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(shared_address(from))
               : "memory");
}

__device__ __forceinline__ void multiply(float* c, const unsigned* a, const unsigned* b) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

extern "C" __global__ void __launch_bounds__(128) matmul(
    const __nv_bfloat16* __restrict__ a,
    const __nv_bfloat16* __restrict__ b,
    float* __restrict__ c,
    int m,
    int n,
    int k) {
  __shared__ __align__(16) Stage left[STAGES];
  __shared__ __align__(16) Stage right[STAGES];
  int lane = threadIdx.x & 31;
  int warp = threadIdx.x >> 5;
  int warp_row = (warp >> 1) * 16;
  int warp_column = (warp & 1) * 16;
  int row0 = blockIdx.y * TILE;
  int column0 = blockIdx.x * TILE;
  int steps = (k + DEPTH - 1) / DEPTH;

  auto fetch = [&](int step) {
    int row = threadIdx.x >> 2;
    int at = (threadIdx.x & 3) * 8;
    int from = step * DEPTH + at;
    bool in_a = row0 + row < m && from < k;
    bool in_b = column0 + row < n && from < k;
    copy_async(&left[step % STAGES][row][at], in_a ? a + (size_t)(row0 + row) * k + from : a, in_a);
    copy_async(
        &right[step % STAGES][row][at], in_b ? b + (size_t)(column0 + row) * k + from : b, in_b);
  };

  for (int step = 0; step < STAGES - 1; step++) {
    if (step < steps) {
      fetch(step);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
  }
  float sums[2][4] = {};
#pragma unroll 1
  for (int step = 0; step < steps; step++) {
    asm volatile("cp.async.wait_group %0;" ::"n"(STAGES - 2) : "memory");
    __syncthreads();
    if (step + STAGES - 1 < steps) {
      fetch(step + STAGES - 1);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");
    for (int d = 0; d < DEPTH; d += 16) {
      unsigned ra[4];
      unsigned rb[4];
      load_matrices(ra, &left[step % STAGES][warp_row + (lane & 15)][d + (lane >> 4) * 8]);
      load_matrices(
          rb,
          &right[step % STAGES][warp_column + (lane & 7) + (lane >> 4) * 8]
                [d + (lane >> 3 & 1) * 8]);
      multiply(sums[0], ra, rb);
      multiply(sums[1], ra, rb + 2);
    }
  }
  for (int i = 0; i < 8; i++) {
    int row = row0 + warp_row + (lane >> 2) + (i >> 1 & 1) * 8;
    int column = column0 + warp_column + (i >> 2) * 8 + (lane & 3) * 2 + (i & 1);
    if (row < m && column < n) {
      c[(size_t)row * n + column] = sums[i >> 2][i & 3];
    }
  }
}
