// Both GELUs (Hendrycks and Gimpel 2016).
//
// Equation   gelu: y = x·Φ(x);  quick: y = x·σ(1.702·x)
// Shapes     x, y (N), f32 or bf16
// Traffic    read x once, write y once: 8·N bytes in f32 → memory-bound
// Method     a pack of four elements a thread, and as many threads as fit to hide the latency
// Backward   gelu: dx = dy·(Φ(x) + x·φ(x));  quick: dx = dy·s·(1 + 1.702·x·(1 − s)), s = σ(1.702·x)
#include "../cuda/common.cuh"
#include "activation.cuh"

#define KERNELS(T, TYPE)                                                                        \
  extern "C" __global__ void gelu_forward_##TYPE(const T* x, T* y, long long n) {               \
    map(x, y, n, [](float v, long long) { return gelu(v); });                                   \
  }                                                                                             \
  extern "C" __global__ void gelu_backward_##TYPE(const T* x, const T* dy, T* dx, long long n) { \
    map2(x, dy, dx, n, [](float v, float g) { return g * geluDerivative(v); });                 \
  }                                                                                             \
  extern "C" __global__ void quick_gelu_forward_##TYPE(const T* x, T* y, long long n) {         \
    map(x, y, n, [](float v, long long) { return quickGelu(v); });                              \
  }                                                                                             \
  extern "C" __global__ void quick_gelu_backward_##TYPE(                                        \
      const T* x, const T* dy, T* dx, long long n) {                                            \
    map2(x, dy, dx, n, [](float v, float g) { return g * quickGeluDerivative(v); });            \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
