// The tensor cores by their instructions: copies that fill shared memory while the threads go on,
// matrices of 8×8 from it into the registers of a warp, products of 16×8×16 in bf16 with f32 sums.
#pragma once

#include "common.cuh"

__device__ __forceinline__ unsigned sharedAddress(const void* p) {
  return (unsigned)__cvta_generic_to_shared(p);
}

/** 16 bytes to shared memory, of which the first `bytes` are read and the rest become 0. */
__device__ __forceinline__ void copyAsync(unsigned to, const void* from, int bytes) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes)
               : "memory");
}

/** Makes a group of the copies that this thread has begun since the last one. */
__device__ __forceinline__ void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

/** Waits until at most PENDING groups of this thread are on their way. */
template <int PENDING>
__device__ __forceinline__ void waitForCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
}

/**
 * Four matrices of 8×8; lane l gives the address of row l%8 of matrix l/8. A lane gets two elements
 * of row lane/4 of each, or of column lane/4 if TRANSPOSED.
 */
template <bool TRANSPOSED>
__device__ __forceinline__ void loadMatrices(unsigned (&r)[4], unsigned from) {
  if (TRANSPOSED) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from)
                 : "memory");
  } else {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(from)
                 : "memory");
  }
}

/** c (16, 8) += a (16, 16)·b (16, 8). */
__device__ __forceinline__ void multiplyAdd(
    float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
