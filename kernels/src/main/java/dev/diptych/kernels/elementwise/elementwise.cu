// Addition, subtraction and multiplication element by element.
//
// Equation   y = a + b;  y = a − b;  y = a·b;  y = s·a;  y ← y + s·a
// Shapes     a, y (N, C); b (C), the same for each row; f32 or bf16
// Traffic    read a once, write y once, 8·N·C bytes in f32, and b → memory-bound
// Method     a pack of four elements a thread; b comes from the cache where it is short
// Backward   +: da = dy, db = Σ_n dy;  −: db = −Σ_n dy;  ·: da = dy·b, db = Σ_n dy·a: see reduce.cu
#include "../cuda/common.cuh"

#define BINARY(NAME, T, TYPE, EXPRESSION)                                                        \
  extern "C" __global__ void NAME##_##TYPE(const T* a, const T* b, T* y, long long n) {          \
    map2(a, b, y, n, [](float v, float w) { return EXPRESSION; });                               \
  }                                                                                              \
  extern "C" __global__ void NAME##_rows_##TYPE(                                                 \
      const T* a, const T* b, T* y, long long n, int c) {                                        \
    map(a, y, n, [=](float v, long long i) {                                                     \
      float w = load(b + i % c);                                                                 \
      return EXPRESSION;                                                                         \
    });                                                                                          \
  }

#define KERNELS(T, TYPE)                                                                         \
  BINARY(add, T, TYPE, v + w)                                                                    \
  BINARY(subtract, T, TYPE, v - w)                                                               \
  BINARY(multiply, T, TYPE, v* w)                                                                \
  extern "C" __global__ void scale_##TYPE(const T* x, T* y, long long n, float factor) {         \
    map(x, y, n, [=](float v, long long) { return factor * v; });                                \
  }                                                                                              \
  extern "C" __global__ void accumulate_##TYPE(const T* x, T* y, long long n, float factor) {    \
    map2(x, y, y, n, [=](float v, float sum) { return fmaf(factor, v, sum); });                  \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
