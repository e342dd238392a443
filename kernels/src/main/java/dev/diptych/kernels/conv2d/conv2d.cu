// What a convolution needs around its matrix products: windows of x, their sum, and the order of W.
//
// Equation   y_b,i,j,o = Σ_u,v,c W_o,c,u,v · x_b,(i·s+u−p),(j·s+v−p),c,  x = 0 outside the picture
// Shapes     x (B, H, W, C); W (O, C, KH, KW); y (B, OH, OW, O); f32 or bf16; windows (B·OH·OW, line):
//            a row for each pixel of y, what the kernel covers there, ordered by u, v, c; line is
//            KH·KW·C and a gap up to a multiple of eight, so that rows stay aligned
// Traffic    windows are written once and read once more, by the product; x is read KH·KW/s² times,
//            nearly always from the cache → memory-bound, around products that are compute-bound
// Method     y = windows(x)·W'ᵀ, W' (O, line) being W ordered by u, v, c: a matrix multiplication. The
//            launcher takes as many pictures at a time as keep the windows below its budget, and
//            1×1 with stride 1 is the product alone. Windows: a thread copies 16 bytes of channels
//            from under each place of the kernel
// Unaligned  where C or an address does not allow that, a thread fetches what 16 bytes of a window hold
//            one by one; the windows themselves are aligned in any case
// Backward   dx = Σ over the windows that hold a pixel of (dy·W'): each element of dx gathers its sum by
//            u, then v, so there is nothing to be added atomically; dy·W' is f32, so that in bf16 too
//            nothing is rounded but the sum
//            dW' = dyᵀ·windows(x), one part of the pictures after the other; then dW += dW' in order
#include "../cuda/common.cuh"

/** The sizes of a convolution; `line`: elements from one window to the next. */
struct Sizes {
  int height;
  int width;
  int c;
  int outHeight;
  int outWidth;
  int kernelHeight;
  int kernelWidth;
  int step; // pixels of x from one pixel of y to the next
  int padding;
  int line;
};

/** Elements of 16 bytes. */
template <typename T>
constexpr int CHUNK = 16 / sizeof(T);

/** The window of a pixel of y. */
struct Window {
  long long picture; // where the picture begins in x
  int top;           // row of x under the kernel's first, perhaps outside
  int left;          // the same for columns

  __device__ __forceinline__ Window(unsigned row, const Sizes& d) {
    unsigned line = row / d.outWidth;
    picture = (long long)(line / d.outHeight) * d.height * d.width * d.c;
    top = (int)(line % d.outHeight) * d.step - d.padding;
    left = (int)(row % d.outWidth) * d.step - d.padding;
  }

  /** Whether a place of the kernel lies inside the picture. */
  __device__ __forceinline__ bool covers(int u, int v, const Sizes& d) const {
    return (unsigned)(top + u) < (unsigned)d.height && (unsigned)(left + v) < (unsigned)d.width;
  }

  /** Where the pixel under a place of the kernel begins in x. */
  __device__ __forceinline__ long long at(int u, int v, const Sizes& d) const {
    return picture + ((long long)(top + u) * d.width + left + v) * d.c;
  }
};

/** Windows where C is a multiple of a chunk and x is aligned: a thread for each row and chunk of C. */
template <typename T>
__device__ __forceinline__ void copyWindows(const T* x, T* windows, unsigned rows, const Sizes& d) {
  unsigned chunks = d.c / CHUNK<T>;
  unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned row = thread / chunks;
  if (row >= rows) {
    return;
  }
  int c = (int)(thread % chunks) * CHUNK<T>;
  Window window(row, d);
  T* to = windows + (long long)row * d.line + c;
  for (int u = 0; u < d.kernelHeight; u++) {
#pragma unroll 4
    for (int v = 0; v < d.kernelWidth; v++) {
      uint4 chunk = make_uint4(0, 0, 0, 0);
      if (window.covers(u, v, d)) {
        chunk = *reinterpret_cast<const uint4*>(x + window.at(u, v, d) + c);
      }
      *reinterpret_cast<uint4*>(to) = chunk;
      to += d.c;
    }
  }
}

/** Windows of any C at any address: a thread for each row and chunk of the line, gap included. */
template <typename T>
__device__ __forceinline__ void gatherWindows(const T* x, T* windows, unsigned rows, const Sizes& d) {
  unsigned chunks = d.line / CHUNK<T>;
  unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned row = thread / chunks;
  if (row >= rows) {
    return;
  }
  int at = (int)(thread % chunks) * CHUNK<T>;
  Window window(row, d);
  int c = at % d.c;
  int v = at / d.c % d.kernelWidth;
  int u = at / d.c / d.kernelWidth;
  float values[CHUNK<T>];
#pragma unroll
  for (int e = 0; e < CHUNK<T>; e++) {
    bool isThere = u < d.kernelHeight && window.covers(u, v, d);
    values[e] = isThere ? load(x + window.at(u, v, d) + c) : 0.0f;
    if (++c == d.c) {
      c = 0;
      if (++v == d.kernelWidth) {
        v = 0;
        u++;
      }
    }
  }
  T* to = windows + (long long)row * d.line + at;
#pragma unroll
  for (int e = 0; e < CHUNK<T>; e += PACK) {
    storePack(to + e, values + e);
  }
}

/**
 * dx from the gradients of the windows: N channels a thread. A pixel lies under row u of the kernel
 * where u and its distance from the padded edge leave the same remainder by the stride.
 */
template <int N, typename T>
__device__ __forceinline__ void sumWindows(
    const float* windows, T* dx, unsigned pixels, const Sizes& d) {
  unsigned runs = d.c / N;
  unsigned thread = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned pixel = thread / runs;
  if (pixel >= pixels) {
    return;
  }
  int c = (int)(thread % runs) * N;
  int right = (int)(pixel % d.width) + d.padding;
  int down = (int)(pixel / d.width % d.height) + d.padding;
  long long firstRow = (long long)(pixel / d.width / d.height) * d.outHeight * d.outWidth;
  float sum[N] = {};
  int i = down / d.step;
  for (int u = down % d.step; u < d.kernelHeight && i >= 0; u += d.step, i--) {
    int j = right / d.step;
#pragma unroll 2
    for (int v = right % d.step; v < d.kernelWidth && j >= 0; v += d.step, j--) {
      if (i < d.outHeight && j < d.outWidth) {
        long long row = firstRow + (long long)i * d.outWidth + j;
        const float* from = windows + row * d.line + (u * d.kernelWidth + v) * d.c + c;
        float share[N];
        if constexpr (N == PACK) {
          loadPack(from, share);
        } else {
          share[0] = load(from);
        }
#pragma unroll
        for (int e = 0; e < N; e++) {
          sum[e] += share[e];
        }
      }
    }
  }
  T* to = dx + (long long)pixel * d.c + c;
  if constexpr (N == PACK) {
    storePack(to, sum);
  } else {
    store(to, sum[0]);
  }
}

#define KERNEL(NAME, FUNCTION, FROM, TO)                                                           \
  extern "C" __global__ void NAME(                                                                 \
      const FROM* from, TO* to, int count, int height, int width, int c, int outHeight,            \
      int outWidth, int kernelHeight, int kernelWidth, int step, int padding, int line) {          \
    FUNCTION(from, to, count,                                                                      \
             Sizes{height, width, c, outHeight, outWidth, kernelHeight, kernelWidth, step, padding, \
                   line});                                                                         \
  }

#define KERNELS(T, TYPE)                                                                          \
  KERNEL(conv2d_windows_##TYPE, copyWindows<T>, T, T)                                             \
  KERNEL(conv2d_windows_any_##TYPE, gatherWindows<T>, T, T)                                       \
  KERNEL(conv2d_sum_windows_##TYPE, sumWindows<PACK>, float, T)                                   \
  KERNEL(conv2d_sum_windows_any_##TYPE, sumWindows<1>, float, T)                                  \
                                                                                                  \
  /** W' (O, line) from W (O, C, places); blockIdx.y counts blocks of a line. */                  \
  extern "C" __global__ void conv2d_weights_##TYPE(                                               \
      const T* w, T* ordered, int c, int places, int line) {                                      \
    int at = blockIdx.y * blockDim.x + threadIdx.x;                                               \
    if (at < c * places) {                                                                        \
      long long o = blockIdx.x;                                                                   \
      ordered[o * line + at] = w[(o * c + at % c) * places + at / c];                             \
    }                                                                                             \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)

/** dW (O, C, places) += dW' (O, line). */
extern "C" __global__ void conv2d_add_weights(
    const float* ordered, float* dw, int c, int places, int line) {
  int at = blockIdx.y * blockDim.x + threadIdx.x;
  if (at < c * places) {
    long long o = blockIdx.x;
    dw[o * c * places + at] += ordered[o * line + at % places * c + at / places];
  }
}
