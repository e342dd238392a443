// y = xᵀ by tiles of 32×32 in shared memory.

extern "C" __global__ void transpose(
    const float* __restrict__ x, float* __restrict__ y, int rows, int columns) {
  __shared__ float tile[32][33];
  int column = blockIdx.x * 32 + threadIdx.x;
#pragma unroll 1
  for (int i = threadIdx.y; i < 32; i += 8) {
    int row = blockIdx.y * 32 + i;
    if (row < rows && column < columns) {
      tile[i][threadIdx.x] = x[row * columns + column];
    }
  }
  __syncthreads();
  int row = blockIdx.y * 32 + threadIdx.x;
#pragma unroll 1
  for (int i = threadIdx.y; i < 32; i += 8) {
    int to = blockIdx.x * 32 + i;
    if (row < rows && to < columns) {
      y[to * rows + row] = tile[threadIdx.x][i];
    }
  }
}
