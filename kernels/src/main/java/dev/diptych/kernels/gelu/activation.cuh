// Both GELUs and their derivatives, for gelu.cu and for the epilogues of matrix multiplication.
#pragma once

__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

/** x·σ(1.702·x). */
__device__ __forceinline__ float quickGelu(float x) { return x * sigmoid(1.702f * x); }

/** s·(1 + 1.702·x·(1 − s)); far out, where s is 0 or 1, x may be as large as it likes. */
__device__ __forceinline__ float quickGeluDerivative(float x) {
  float s = sigmoid(1.702f * x);
  float rest = s * (1.0f - s);
  return rest == 0.0f ? s : s + 1.702f * x * rest;
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
