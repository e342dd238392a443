// The AdamW optimiser (Loshchilov, Hutter 2019, algorithm 2), with PyTorch's order of operations, and
// the clipping of gradients before it.
//
// Equation   p ← p·(1 − η·λ);  m ← m + (1 − β₁)(g − m);  v ← β₂·v + (1 − β₂)·g²
//            p ← p − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε)
//            clipping: g ← g·min(1, most/√Σg²)
// Shapes     p, g, m, v: one flat block of all parameters, f32; a launch treats one range of it;
//            step (8) f32, as AdamWStep.packed lays it out; operands, like p, in bf16, or null
// Traffic    read p, g, m, v, write p, m, v: 28 bytes per parameter, 30 with operands → memory-bound
// Method     one pass, a pack of four parameters a thread; g is scaled for clipping on the way. The
//            numbers of a step are read from memory, so that a captured step is replayed with others;
//            a scale that is NaN means that nothing is to change
// Backward   none: nothing is differentiated through the optimiser
#include "../cuda/common.cuh"

/** In the order of AdamWStep.packed. */
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
    const Step* numbers, float* p, const float* g, float* m, float* v, bf16* operands, long long n) {
  Step step = *numbers;
  bool isOff = isnan(step.gradientScale); // asked for late: the loads do not wait for it
  long long block = (long long)blockIdx.x * blockDim.x * PACK;
  if (aligned(p) && aligned(g) && aligned(m) && aligned(v) && aligned(operands) &&
      block + blockDim.x * PACK <= n) {
    long long at = block + threadIdx.x * PACK;
    float ps[PACK];
    float gs[PACK];
    float ms[PACK];
    float vs[PACK];
    loadPack(p + at, ps);
    loadPack(g + at, gs);
    loadPack(m + at, ms);
    loadPack(v + at, vs);
    if (isOff) {
      return;
    }
#pragma unroll
    for (int k = 0; k < PACK; k++) {
      step(ps[k], gs[k], ms[k], vs[k]);
    }
    storePack(p + at, ps);
    storePack(m + at, ms);
    storePack(v + at, vs);
    if (operands != nullptr) {
      storePack(operands + at, ps);
    }
  } else {
#pragma unroll 1
    for (int k = 0; k < PACK; k++) {
      long long at = block + k * blockDim.x + threadIdx.x;
      if (at < n && !isOff) {
        step(p[at], g[at], m[at], v[at]);
        if (operands != nullptr) {
          store(operands + at, p[at]);
        }
      }
    }
  }
}

/**
 * norm = √Σg², and gradientScale = min(1, mostNorm/norm) in each of {@code count} steps, 1 if
 * mostNorm is 0, NaN if the norm or the loss is not finite. One thread a step.
 */
extern "C" __global__ void adamw_clip(
    const double* sumOfSquares, const float* loss, float mostNorm, Step* steps, int count,
    float* norm) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  float length = (float)sqrt(*sumOfSquares);
  if (i == 0) {
    *norm = length;
  }
  if (i < count) {
    float scale = mostNorm > 0.0f ? fminf(1.0f, mostNorm / length) : 1.0f;
    bool finite = isfinite(length) && isfinite(*loss);
    steps[i].gradientScale = finite ? scale : NAN;
  }
}
