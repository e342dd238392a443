// Both GELUs and their derivatives, for gelu.cu and for the epilogues of matrix multiplication.
#pragma once

__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/** x·σ(1.702·x). */
__device__ __forceinline__ float quickGelu(float x) { return x * sigmoid(1.702f * x); }

/**
 * s + 1.702·x·s·(1 − s). s·(1 − s) comes from e^−|z|, which is exact where 1 − s would cancel; far
 * out, where it is 0, x may be as large as it likes.
 */
__device__ __forceinline__ float quickGeluDerivative(float x) {
  float z = 1.702f * x;
  float e = expf(-fabsf(z));
  float r = 1.0f / (1.0f + e);
  float s = z >= 0.0f ? r : e * r;
  float rest = e * r * r;
  return rest == 0.0f ? s : fmaf(z, rest, s);
}

/** Φ(x); erfc keeps the left tail's precision. */
__device__ __forceinline__ float normalCdf(float x) { return 0.5f * erfcf(-0.70710678f * x); }

/** x·Φ(x). */
__device__ __forceinline__ float gelu(float x) { return x * normalCdf(x); }

/** Φ(x) + x·φ(x). */
__device__ __forceinline__ float geluDerivative(float x) {
  float density = 0.39894228f * expf(-0.5f * x * x);
  return density == 0.0f ? normalCdf(x) : normalCdf(x) + x * density;
}
