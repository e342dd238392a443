// What happens to an element of a product before it is stored, for matmul.cu and matmulbf16.cu.
#pragma once

#include "../gelu/activation.cuh"

// The numbers of MatmulCuda.
constexpr int EPILOGUE_NONE = 0;
constexpr int EPILOGUE_ACCUMULATE = 1;
constexpr int EPILOGUE_BIAS = 2;
constexpr int EPILOGUE_BIAS_QUICK_GELU = 3;
constexpr int EPILOGUE_BIAS_GELU = 4;
constexpr int EPILOGUE_BIAS_RESIDUAL = 5;

/** Runs `like C` have C's strides and type. */
template <typename T>
struct Epilogue {
  int kind;
  T* c;
  const float* bias;
  const T* residual;
  T* preActivation; // null if nobody wants it

  /** Leaves s, the sum for column j, at C's element `at`. */
  __device__ __forceinline__ void put(long long at, int j, float s) const {
    switch (kind) {
      case EPILOGUE_ACCUMULATE:
        s += load(c + at);
        break;
      case EPILOGUE_BIAS:
        s += bias[j];
        break;
      case EPILOGUE_BIAS_RESIDUAL:
        s += bias[j] + load(residual + at);
        break;
      case EPILOGUE_BIAS_QUICK_GELU:
      case EPILOGUE_BIAS_GELU:
        s += bias[j];
        if (preActivation != nullptr) {
          store(preActivation + at, s);
        }
        s = kind == EPILOGUE_BIAS_GELU ? gelu(s) : quickGelu(s);
        break;
    }
    store(c + at, s);
  }
};
