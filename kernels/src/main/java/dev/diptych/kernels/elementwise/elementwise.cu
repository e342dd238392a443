// Addition, subtraction and multiplication element by element.
//
// Equation   y = a + b;  y = a − b;  y = a·b;  y = s·a;  y ← y + s·a;  y = s;
//            y = a in the other precision;  y = min(max(y, least), most)
// Shapes     a, y (N, C); b (C), the same for each row; f32 or bf16, in y ← y + s·a each its own
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

/** y_i = f(x_i, y_i, i) with x and y of any two types; y is read only if f is said to need it. */
template <bool READS_Y, typename X, typename Y, typename F>
__device__ __forceinline__ void mapInto(const X* x, Y* y, long long n, F f) {
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(x) && aligned(y) && block + blockDim.x * PACK <= n) {
    long long at = block + threadIdx.x * PACK;
    float v[PACK];
    float w[PACK] = {0.0f, 0.0f, 0.0f, 0.0f};
    loadPack(x + at, v);
    if (READS_Y) {
      loadPack(y + at, w);
    }
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      v[k] = f(v[k], w[k], at + k);
    }
    storePack(y + at, v);
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n) {
        store(y + at, f(load(x + at), READS_Y ? load(y + at) : 0.0f, at));
      }
    }
  }
}

/** y_i = value; no element is read. */
template <typename T>
__device__ __forceinline__ void fill(T* y, long long n, float value) {
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(y) && block + blockDim.x * PACK <= n) {
    float v[PACK] = {value, value, value, value};
    storePack(y + block + threadIdx.x * PACK, v);
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n) {
        store(y + at, value);
      }
    }
  }
}

#define KERNELS(T, TYPE)                                                                         \
  BINARY(add, T, TYPE, v + w)                                                                    \
  BINARY(subtract, T, TYPE, v - w)                                                               \
  BINARY(multiply, T, TYPE, v* w)                                                                \
  extern "C" __global__ void scale_##TYPE(const T* x, T* y, long long n, float factor) {         \
    map(x, y, n, [=](float v, long long) { return factor * v; });                                \
  }                                                                                              \
  extern "C" __global__ void fill_##TYPE(T* y, long long n, float value) { fill(y, n, value); }

KERNELS(float, f32)
KERNELS(bf16, bf16)

#define FROM_TO(X, Y, TYPES)                                                                     \
  extern "C" __global__ void accumulate_##TYPES(const X* x, Y* y, long long n, float factor) {   \
    mapInto<true>(x, y, n, [=](float v, float sum, long long) { return fmaf(factor, v, sum); }); \
  }                                                                                              \
  extern "C" __global__ void convert_##TYPES(const X* x, Y* y, long long n) {                    \
    mapInto<false>(x, y, n, [](float v, float, long long) { return v; });                        \
  }                                                                                              \
  /** y ← y + x·a: the gradient of b in a product of one shape. */                               \
  extern "C" __global__ void accumulate_products_##TYPES(                                        \
      const X* x, const X* a, Y* y, long long n) {                                               \
    mapInto<true>(x, y, n, [=](float v, float sum, long long i) {                                \
      return fmaf(v, load(a + i), sum);                                                          \
    });                                                                                          \
  }

FROM_TO(float, float, f32_f32)
FROM_TO(float, bf16, f32_bf16)
FROM_TO(bf16, float, bf16_f32)
FROM_TO(bf16, bf16, bf16_bf16)

/** x ← min(max(x, least), most); NaN stays NaN. */
extern "C" __global__ void clamp_f32(float* x, long long n, float least, float most) {
  map(x, x, n, [=](float v, long long) { return v < least ? least : v > most ? most : v; });
}
