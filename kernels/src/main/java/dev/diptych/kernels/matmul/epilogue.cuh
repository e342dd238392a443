// What happens to an element of a product before it is stored, for matmul.cu and matmulbf16.cu.
#pragma once

#include "../gelu/activation.cuh"

// The numbers of EpilogueArguments.
constexpr int EPILOGUE_NONE = 0;
constexpr int EPILOGUE_ACCUMULATE = 1;
constexpr int EPILOGUE_BIAS = 2;
constexpr int EPILOGUE_BIAS_QUICK_GELU = 3;
constexpr int EPILOGUE_BIAS_GELU = 4;
constexpr int EPILOGUE_BIAS_RESIDUAL = 5;
constexpr int EPILOGUE_QUICK_GELU_GRADIENT = 6;
constexpr int EPILOGUE_GELU_GRADIENT = 7;

/** What of the runs like C the epilogue reads for each element; null if nothing. */
template <typename T>
__device__ __forceinline__ T otherOf(int kind, T c, T residual, T preActivation) {
  return kind == EPILOGUE_ACCUMULATE           ? c
         : kind == EPILOGUE_BIAS_RESIDUAL      ? residual
         : kind >= EPILOGUE_QUICK_GELU_GRADIENT ? preActivation
                                                : nullptr;
}

/** Whether the sum with its bias is left in the run of pre-activations, if there is one. */
__device__ __forceinline__ bool savesPreActivation(int kind) {
  return kind == EPILOGUE_BIAS_QUICK_GELU || kind == EPILOGUE_BIAS_GELU;
}

/** s, sums with their bias, become elements of C; `other`: of the run that `otherOf` names. */
template <int COUNT>
__device__ __forceinline__ void applyEpilogue(
    int kind, float (&s)[COUNT], const float (&other)[COUNT]) {
  switch (kind) {
    case EPILOGUE_ACCUMULATE:
    case EPILOGUE_BIAS_RESIDUAL:
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        s[i] += other[i];
      }
      break;
    case EPILOGUE_BIAS_QUICK_GELU:
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        s[i] = quickGelu(s[i]);
      }
      break;
    case EPILOGUE_BIAS_GELU:
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        s[i] = gelu(s[i]);
      }
      break;
    case EPILOGUE_QUICK_GELU_GRADIENT:
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        s[i] *= quickGeluDerivative(other[i]);
      }
      break;
    case EPILOGUE_GELU_GRADIENT:
#pragma unroll
      for (int i = 0; i < COUNT; i++) {
        s[i] *= geluDerivative(other[i]);
      }
      break;
  }
}

/** Runs `like C` have C's strides and type. */
template <typename T>
struct Epilogue {
  int kind;
  T* c;
  const float* bias; // null if there is none
  const T* residual;
  T* preActivation; // null if nobody wants it

  /** Leaves sum, that for column j, at C's element `at`. */
  __device__ __forceinline__ void put(long long at, int j, float sum) const {
    float s[1] = {bias == nullptr ? sum : sum + bias[j]};
    const T* source = otherOf<const T*>(kind, c, residual, preActivation);
    float other[1] = {source == nullptr ? 0.0f : load(source + at)};
    if (savesPreActivation(kind) && preActivation != nullptr) {
      store(preActivation + at, s[0]);
    }
    applyEpilogue(kind, s, other);
    store(c + at, s[0]);
  }
};
