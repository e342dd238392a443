// How often each of 32 values occurs: atomics in shared memory, one sum a block in global memory,
// and the count of the threads that had anything to do.

extern "C" __global__ void histogram(
    const int* __restrict__ values, int n, unsigned* __restrict__ counts, int* __restrict__ busy) {
  extern __shared__ unsigned bins[];
  if (threadIdx.x < 32) {
    bins[threadIdx.x] = 0;
  }
  __syncthreads();
  bool any = false;
#pragma unroll 1
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    any = true;
    atomicAdd(&bins[values[i] & 31], 1);
  }
  int working = __syncthreads_count(any);
  if (threadIdx.x == 0) {
    atomicAdd(busy, working);
  }
  if (threadIdx.x < 32) {
    atomicAdd(&counts[threadIdx.x], bins[threadIdx.x]);
  }
}
