// The sizes and the layout of an attention, as AttentionDims has them, and the rows of one head.
#pragma once

#include "../cuda/common.cuh"

struct Problem {
  int b;
  int h;
  int tq;
  int tk;
  int d;
  int queryStride; // elements from one row of q to the next
  int keyStride;   // and of k and v
  int causal;
  float scale; // 1/√D

  /** The width of y. */
  __device__ __forceinline__ int c() const { return h * d; }
};

/** A kernel's last parameters, and the problem made of them. */
#define SIZES                                                                                    \
  int b, int h, int tq, int tk, int d, int queryStride, int keyStride, int causal, float scale
#define PROBLEM Problem{b, h, tq, tk, d, queryStride, keyStride, causal, scale}

/** Rows `stride` elements apart; those from `count` on are taken for 0 and not read. */
template <typename T>
struct Rows {
  const T* data;
  int stride;
  int count;

  __device__ __forceinline__ Rows skip(int rows) const {
    return Rows{data + (long long)rows * stride, stride, count - rows};
  }

  __device__ __forceinline__ float get(int row, int column) const {
    return row < count ? load(data + (long long)row * stride + column) : 0.0f;
  }
};

/** One sequence and head. */
struct Head {
  const Problem& p;
  long long index; // b·H + h
  int sequence;
  int column;
  int keys; // that count

  __device__ __forceinline__ Head(const Problem& problem, const int* keyLengths, int i)
      : p(problem), index(i), sequence(i / problem.h), column(i % problem.h * problem.d),
        keys(keyLengths == nullptr ? problem.tk : min(problem.tk, keyLengths[sequence])) {}

  __device__ __forceinline__ long long queryStart() const {
    return (long long)sequence * p.tq * p.queryStride + column;
  }

  __device__ __forceinline__ long long keyStart() const {
    return (long long)sequence * p.tk * p.keyStride + column;
  }

  template <typename T>
  __device__ __forceinline__ Rows<T> queries(const T* q) const {
    return Rows<T>{q + queryStart(), p.queryStride, p.tq};
  }

  template <typename T>
  __device__ __forceinline__ Rows<T> keyRows(const T* k) const {
    return Rows<T>{k + keyStart(), p.keyStride, keys};
  }

  /** This head of y or dy. */
  template <typename T>
  __device__ __forceinline__ T* out(T* y) const {
    return y + (long long)sequence * p.tq * p.c() + column;
  }

  __device__ __forceinline__ bool sees(int query, int key) const {
    return query < p.tq && key < keys && (!p.causal || key <= query);
  }
};
