// Patches of pictures as rows of a matrix and back, and the tokens that wait for their product.
//
// Equation   y_b,0 = class + pos_0;  y_b,1+g = W·patch_g(image_b) + pos_1+g
// Shapes     images (B, 3, S, S), f32; W (C, K), K = 3·P², and y (B, 1+G², C), f32 or bf16, G = S/P;
//            class (C), pos (1+G², C), f32
// Traffic    read images and write rows (B·(1+G²), K), read them and W in the product; y is written,
//            read and written: first the positions, to which the product is added. Beyond the least,
//            two trips of the rows and two of y; 2·B·G²·K·C flops hide them for large C
// Method     the rows of a chunk of pictures, with a row of zeros where the class token is, so that the
//            product over all of them is one matrix multiplication that ends in y. Rows are apart by a
//            multiple of 16 bytes, as tensor cores read them, whatever K is; what is behind K is not
//            read. The product is matmul.cu's or matmulbf16.cu's. Zeros times what is not finite are
//            NaN: an infinity in W shows in the class tokens too, and one in their dy in dW
// Backward   dW += dyᵀ·rows;  dPos += Σ_b dy_b, dClass += Σ_b dy_b,0: sum_rows of reduce.cu;
//            dImages: rows dy·W in f32, put back where the patches came from
#include "../cuda/common.cuh"

struct Pictures {
  int size;  // S
  int patch; // P
};

/** Where number k of patch g lies in its picture: k counts colours, then rows, then columns. */
__device__ __forceinline__ long long pixel(const Pictures& p, int g, int k) {
  int grid = p.size / p.patch;
  int row = k / p.patch; // of pixels, over all colours
  int y = g / grid * p.patch + row % p.patch;
  int x = g % grid * p.patch + k % p.patch;
  return ((long long)(row / p.patch) * p.size + y) * p.size + x;
}

/**
 * rows (B·(1+G²), K), `stride` apart: the patches of each picture behind a row of zeros. blockIdx.x
 * counts rows; packed: P and S are multiples of a pack, and so are the addresses.
 */
template <typename T>
__device__ __forceinline__ void gather(
    const float* images, T* rows, const Pictures& p, int tokens, int depth, int stride, bool packed) {
  int token = blockIdx.x % tokens;
  images += (long long)(blockIdx.x / tokens) * 3 * p.size * p.size;
  rows += (long long)blockIdx.x * stride;
  if (packed) {
    for (int k = threadIdx.x * PACK; k < depth; k += blockDim.x * PACK) {
      float v[PACK] = {0.0f, 0.0f, 0.0f, 0.0f};
      if (token > 0) {
        loadPack(images + pixel(p, token - 1, k), v);
      }
      storePack(rows + k, v);
    }
  } else {
    for (int k = threadIdx.x; k < depth; k += blockDim.x) {
      store(rows + k, token > 0 ? images[pixel(p, token - 1, k)] : 0.0f);
    }
  }
}

/** The way back of `gather`, of rows in f32; those of class tokens have no place. */
extern "C" __global__ void patches_scatter(
    const float* rows, float* images, int size, int patch, int tokens, int depth, int stride,
    int packed) {
  Pictures p = {size, patch};
  int token = blockIdx.x % tokens;
  if (token == 0) {
    return;
  }
  images += (long long)(blockIdx.x / tokens) * 3 * size * size;
  rows += (long long)blockIdx.x * stride;
  if (packed) {
    for (int k = threadIdx.x * PACK; k < depth; k += blockDim.x * PACK) {
      float v[PACK];
      loadPack(rows + k, v);
      storePack(images + pixel(p, token - 1, k), v);
    }
  } else {
    for (int k = threadIdx.x; k < depth; k += blockDim.x) {
      images[pixel(p, token - 1, k)] = rows[k];
    }
  }
}

/** y_b,t = pos_t, and + class for t = 0. blockIdx.x counts rows of y. */
template <typename T>
__device__ __forceinline__ void tokensOf(
    const float* classToken, const float* positions, T* y, int tokens, int c) {
  int token = blockIdx.x % tokens;
  positions += (long long)token * c;
  y += (long long)blockIdx.x * c;
  if (c % PACK == 0 && aligned(classToken) && aligned(positions) && aligned(y)) {
    for (int i = threadIdx.x * PACK; i < c; i += blockDim.x * PACK) {
      float v[PACK];
      loadPack(positions + i, v);
      if (token == 0) {
        float w[PACK];
        loadPack(classToken + i, w);
#pragma unroll
        for (int k = 0; k < PACK; k++) {
          v[k] += w[k];
        }
      }
      storePack(y + i, v);
    }
  } else {
    for (int i = threadIdx.x; i < c; i += blockDim.x) {
      store(y + i, token == 0 ? positions[i] + classToken[i] : positions[i]);
    }
  }
}

#define KERNELS(T, TYPE)                                                                         \
  extern "C" __global__ void patches_gather_##TYPE(                                              \
      const float* images, T* rows, int size, int patch, int tokens, int depth, int stride,      \
      int packed) {                                                                              \
    gather(images, rows, Pictures{size, patch}, tokens, depth, stride, packed != 0);             \
  }                                                                                              \
  extern "C" __global__ void patches_tokens_##TYPE(                                              \
      const float* classToken, const float* positions, T* y, int tokens, int c) {                \
    tokensOf(classToken, positions, y, tokens, c);                                               \
  }                                                                                              \
  /** W with its rows `stride` apart instead of K. blockIdx.x counts rows. */                    \
  extern "C" __global__ void patches_weight_##TYPE(                                              \
      const T* weight, T* spread, int depth, int stride) {                                       \
    for (int k = threadIdx.x; k < depth; k += blockDim.x) {                                      \
      spread[(long long)blockIdx.x * stride + k] = weight[(long long)blockIdx.x * depth + k];    \
    }                                                                                            \
  }

KERNELS(float, f32)
KERNELS(bf16, bf16)
