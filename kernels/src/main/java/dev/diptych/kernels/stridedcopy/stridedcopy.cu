// A view of memory written out in full, and the gradients of what is repeated in it.
//
// Equation   y_i = x at Σ_axis i_axis·stride_axis;  i runs over all axes, row-major
// Shapes     y (D_0, …, D_r), r < 8, without gaps; strides of x in elements, 0 where it is repeated
// Traffic    read x once, write y once: 8·ΠD bytes at most in f32 → memory-bound, where neighbours in
//            y are neighbours in x; a transposed view reads 32 bytes for each element that the cache
//            does not keep until its neighbour is copied
// Method     the launcher merges axes and takes packs of up to 16 bytes where the view has such runs;
//            a thread copies four of them, all loads before the stores. Bytes are copied: any type
// Backward   dx at the same place += s·Σ dy over the axes of stride 0: a thread for each sum, or a warp
//            where neighbours in dy belong to one sum, or where there are few. No atomics
#include "../cuda/common.cuh"

constexpr int AXES = 8;

/** Axes of a view, the innermost first. */
struct Axes {
  int rank;
  int dims[AXES];
  int strides[AXES];
};

/** Axes that have a stride in dx. */
struct KeptAxes {
  int rank;
  int dims[AXES];
  int inDy[AXES]; // strides
  int inDx[AXES];
};

/** Where element i of these axes lies. */
__device__ __forceinline__ long long place(const Axes& axes, unsigned i) {
  long long at = 0;
#pragma unroll
  for (int axis = 0; axis < AXES; axis++) {
    if (axis < axes.rank) {
      unsigned dim = axes.dims[axis];
      at += (long long)(i % dim) * axes.strides[axis];
      i /= dim;
    }
  }
  return at;
}

/** A unit is what is copied at once; strides count units. */
template <typename U>
__device__ __forceinline__ void copy(const U* x, U* y, unsigned n, const Axes& axes) {
  unsigned block = blockIdx.x * blockDim.x * PACK;
  U v[PACK];
#pragma unroll
  for (int k = 0; k < PACK; k++) {
    unsigned at = block + k * blockDim.x + threadIdx.x;
    if (at < n) {
      v[k] = x[place(axes, at)];
    }
  }
#pragma unroll
  for (int k = 0; k < PACK; k++) {
    unsigned at = block + k * blockDim.x + threadIdx.x;
    if (at < n) {
      y[at] = v[k];
    }
  }
}

#define COPY(U, BYTES)                                                                           \
  extern "C" __global__ void strided_copy_##BYTES(const U* x, U* y, int n, Axes axes) {          \
    copy(x, y, (unsigned)n, axes);                                                               \
  }

COPY(unsigned short, 2)
COPY(unsigned, 4)
COPY(uint2, 8)
COPY(uint4, 16)

/** dx += scale·Σ dy: LANES threads for each of the sums, `repeats` elements each. */
template <int LANES, typename T, typename U>
__device__ __forceinline__ void sum(
    const T* dy, U* dx, int sums, int repeats, float scale, const KeptAxes& kept,
    const Axes& repeated) {
  unsigned i = (unsigned)(((long long)blockIdx.x * blockDim.x + threadIdx.x) / LANES);
  if (i >= sums) {
    return;
  }
#pragma unroll
  for (int axis = 0; axis < AXES; axis++) {
    if (axis < kept.rank) {
      unsigned dim = kept.dims[axis];
      dy += (long long)(i % dim) * kept.inDy[axis];
      dx += (long long)(i % dim) * kept.inDx[axis];
      i /= dim;
    }
  }
  float total = 0.0f;
#pragma unroll 4 // that many loads on their way
  for (int k = threadIdx.x % LANES; k < repeats; k += LANES) {
    total += load(dy + place(repeated, k));
  }
  if (LANES == WARP) {
    total = sumWarp(total);
  }
  if (threadIdx.x % LANES == 0) {
    store(dx, fmaf(scale, total, load(dx)));
  }
}

#define SUM(T, U, TYPES)                                                                         \
  extern "C" __global__ void strided_sum_thread_##TYPES(                                         \
      const T* dy, U* dx, int sums, int repeats, float scale, KeptAxes kept, Axes repeated) {    \
    sum<1>(dy, dx, sums, repeats, scale, kept, repeated);                                        \
  }                                                                                              \
  extern "C" __global__ void strided_sum_warp_##TYPES(                                           \
      const T* dy, U* dx, int sums, int repeats, float scale, KeptAxes kept, Axes repeated) {    \
    sum<WARP>(dy, dx, sums, repeats, scale, kept, repeated);                                     \
  }

SUM(float, float, f32_f32)
SUM(float, bf16, f32_bf16)
SUM(bf16, float, bf16_f32)
SUM(bf16, bf16, bf16_bf16)
