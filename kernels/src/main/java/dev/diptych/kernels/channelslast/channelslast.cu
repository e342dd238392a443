// Pictures from planes of one colour each to pixels of all colours.
//
// Equation   y_b,s,c = x_b,c,s
// Shapes     x (B, C, S) with S = H·W, f32; y (B, S, C), f32 or bf16
// Traffic    read x once, write y once: 8·B·C·S bytes in f32, 6·B·C·S in bf16 → memory-bound
// Method     a thread four elements of what is written, a block apart, all on their way at once.
//            Pictures have few channels: the lanes of a warp read a run of neighbours from each plane
// Backward   dx_b,c,s = dy_b,s,c, dx in f32: the lanes of a warp read every C-th element, and the cache
//            keeps the others for the other channels
#include "../cuda/common.cuh"

/** Elements of a thread. */
constexpr int EACH = 4;

/**
 * to_i = from_source(i) for the elements of a picture; blockIdx.x counts blocks of a picture, then
 * pictures.
 */
template <typename From, typename To, typename F>
__device__ __forceinline__ void permute(
    const From* from, To* to, unsigned size, unsigned blocks, F source) {
  long long picture = (long long)(blockIdx.x / blocks) * size;
  unsigned first = blockIdx.x % blocks * blockDim.x * EACH + threadIdx.x;
  float v[EACH];
#pragma unroll
  for (int k = 0; k < EACH; k++) {
    unsigned i = first + k * blockDim.x;
    v[k] = i < size ? load(from + picture + source(i)) : 0.0f;
  }
#pragma unroll
  for (int k = 0; k < EACH; k++) {
    unsigned i = first + k * blockDim.x;
    if (i < size) {
      store(to + picture + i, v[k]);
    }
  }
}

#define KERNELS(T, TYPE)                                                              \
  extern "C" __global__ void channelslast_forward_##TYPE(                             \
      const float* x, T* y, unsigned c, unsigned s, unsigned blocks) {                \
    permute(x, y, c * s, blocks, [=](unsigned i) { return i % c * s + i / c; });      \
  }                                                                                   \
  extern "C" __global__ void channelslast_backward_##TYPE(                            \
      const T* dy, float* dx, unsigned c, unsigned s, unsigned blocks) {              \
    permute(dy, dx, c * s, blocks, [=](unsigned i) { return i % s * c + i / s; });    \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
