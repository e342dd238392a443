// Both GELUs and their derivatives, for gelu.cu and for the epilogues of matrix multiplication.
#pragma once

/** 1/x to the last bit but one, in one instruction; a division takes ten. */
__device__ __forceinline__ float reciprocal(float x) {
  float y;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

__device__ __forceinline__ float sigmoid(float x) { return reciprocal(1.0f + expf(-x)); }

/** x·σ(1.702·x). */
__device__ __forceinline__ float quickGelu(float x) { return x * sigmoid(1.702f * x); }

/**
 * s + 1.702·x·s·(1 − s). s·(1 − s) comes from e^−|z|, which is exact where 1 − s would cancel; far
 * out, where it is 0, x may be as large as it likes.
 */
__device__ __forceinline__ float quickGeluDerivative(float x) {
  float z = 1.702f * x;
  float e = expf(-fabsf(z));
  float r = reciprocal(1.0f + e);
  float s = z >= 0.0f ? r : e * r;
  float rest = e * r * r;
  return rest == 0.0f ? s : fmaf(z, rest, s);
}

/**
 * Φ(x), given e^(−x²/2). The tail Φ(−|x|) is that times t·Q(t), t = 1/(1 + |x|/4), with Q fitted to
 * 3.4e-8 of the tail's own size: exact to 2.3e-7, far out to some last bits of e^(−x²/2), at a third of
 * the instructions of erfc.
 */
__device__ __forceinline__ float normalCdf(float x, float gaussian) {
  float t = reciprocal(fmaf(0.25f, fabsf(x), 1.0f));
  float q = 0.019784205f;
  q = fmaf(q, t, -0.08088695f);
  q = fmaf(q, t, 0.09561477f);
  q = fmaf(q, t, -0.031735107f);
  q = fmaf(q, t, 0.06370941f);
  q = fmaf(q, t, 0.058971547f);
  q = fmaf(q, t, 0.08160384f);
  q = fmaf(q, t, 0.09346627f);
  q = fmaf(q, t, 0.09973644f);
  q = fmaf(q, t, 0.099735566f);
  float tail = t * q * gaussian;
  return x > 0.0f ? 1.0f - tail : tail;
}

__device__ __forceinline__ float gaussian(float x) { return expf(-0.5f * x * x); }

/** x·Φ(x). */
__device__ __forceinline__ float gelu(float x) { return x * normalCdf(x, gaussian(x)); }

/** Φ(x) + x·φ(x). */
__device__ __forceinline__ float geluDerivative(float x) {
  float e = gaussian(x);
  float cdf = normalCdf(x, e);
  return e == 0.0f ? cdf : fmaf(x, 0.39894228f * e, cdf);
}
