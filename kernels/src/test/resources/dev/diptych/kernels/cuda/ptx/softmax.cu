// Softmax of rows of bf16 and their log-sum-exp, one block a row: lanes meet by shuffles, warps by
// shared memory, and the larger part of a row that only some lanes have by divergent loops.
#include <cuda_bf16.h>

__device__ __forceinline__ float warp_max(float x) {
  for (int step = 16; step > 0; step >>= 1) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
  }
  return x;
}

__device__ __forceinline__ float warp_sum(float x) {
  for (int step = 16; step > 0; step >>= 1) {
    x += __shfl_xor_sync(0xffffffffu, x, step);
  }
  return x;
}

extern "C" __global__ void softmax(
    const __nv_bfloat16* __restrict__ x,
    __nv_bfloat16* __restrict__ y,
    float* __restrict__ log_sum_exp,
    int n) {
  __shared__ float partial[8];
  int lane = threadIdx.x & 31;
  int warp = threadIdx.x >> 5;
  int warps = blockDim.x >> 5;
  const __nv_bfloat16* row = x + (size_t)blockIdx.x * n;

  float most = -INFINITY;
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    most = fmaxf(most, __bfloat162float(row[i]));
  }
  most = warp_max(most);
  if (lane == 0) {
    partial[warp] = most;
  }
  __syncthreads();
  most = warp_max(lane < warps ? partial[lane] : -INFINITY);
  __syncthreads();

  float sum = 0;
#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    sum += __expf(__bfloat162float(row[i]) - most);
  }
  sum = warp_sum(sum);
  if (lane == 0) {
    partial[warp] = sum;
  }
  __syncthreads();
  sum = warp_sum(lane < warps ? partial[lane] : 0);

#pragma unroll 1
  for (int i = threadIdx.x; i < n; i += blockDim.x) {
    float e = __expf(__bfloat162float(row[i]) - most) / sum;
    y[(size_t)blockIdx.x * n + i] = __float2bfloat16(e);
  }
  if (threadIdx.x == 0) {
    log_sum_exp[blockIdx.x] = most + logf(sum);
  }
}
