// The AdamW optimiser (Loshchilov, Hutter 2019, algorithm 2), with PyTorch's order of operations.
//
// Equation   p ← p·(1 − η·λ);  m ← m + (1 − β₁)(g − m);  v ← β₂·v + (1 − β₂)·g²
//            p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
// Shapes     p, g, m, v: one flat block of all parameters, f32; a launch treats one range of it
// Traffic    read p, g, m, v, write p, m, v: 28 bytes per parameter → memory-bound
// Method     one pass, a pack of four parameters a thread; g is scaled for clipping on the way
// Backward   none: nothing is differentiated through the optimiser
#include "../cuda/common.cuh"

struct Step {
  float restOfBeta1;
  float beta2;
  float restOfBeta2;
  float keep;
  float stepSize;
  float rootCorrection;
  float epsilon;
  float gradientScale;

  __device__ __forceinline__ void operator()(float& p, float g, float& m, float& v) const {
    g *= gradientScale;
    m = fmaf(g - m, restOfBeta1, m);
    v = fmaf(v, beta2, g * g * restOfBeta2);
    p = fmaf(m / (sqrtf(v) / rootCorrection + epsilon), -stepSize, p * keep);
  }
};

extern "C" __global__ void adamw(
    float* p, const float* g, float* m, float* v, long long n, float restOfBeta1, float beta2,
    float restOfBeta2, float keep, float stepSize, float rootCorrection, float epsilon,
    float gradientScale) {
  Step step{restOfBeta1, beta2, restOfBeta2, keep, stepSize, rootCorrection, epsilon,
            gradientScale};
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(p) && aligned(g) && aligned(m) && aligned(v) && block + blockDim.x * PACK <= n) {
    long long at = block + threadIdx.x * PACK;
    float ps[PACK];
    float gs[PACK];
    float ms[PACK];
    float vs[PACK];
    loadPack(p + at, ps);
    loadPack(g + at, gs);
    loadPack(m + at, ms);
    loadPack(v + at, vs);
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      step(ps[k], gs[k], ms[k], vs[k]);
    }
    storePack(p + at, ps);
    storePack(m + at, ms);
    storePack(v + at, vs);
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n) {
        step(p[at], g[at], m[at], v[at]);
      }
    }
  }
}
