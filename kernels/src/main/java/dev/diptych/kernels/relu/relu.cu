// The rectifier (Nair and Hinton 2010).
//
// Equation   y = max(x, 0); NaN stays NaN
// Shapes     x, y (N), f32 or bf16
// Traffic    read x once, write y once: 8·N bytes in f32 → memory-bound
// Method     a pack of four elements a thread, and as many threads as fit to hide the latency
// Backward   dx = dy where y > 0 (or is NaN), else 0
#include "../cuda/common.cuh"

#define KERNELS(T, TYPE)                                                                        \
  extern "C" __global__ void relu_forward_##TYPE(const T* x, T* y, long long n) {               \
    map(x, y, n, [](float v, long long) { return v <= 0.0f ? 0.0f : v; });                      \
  }                                                                                             \
  extern "C" __global__ void relu_backward_##TYPE(const T* y, const T* dy, T* dx, long long n) { \
    map2(y, dy, dx, n, [](float v, float g) { return v <= 0.0f ? 0.0f : g; });                  \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
