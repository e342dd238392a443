package dev.diptych.tensor;

/**
 * A block of memory that tensors view. Every op switches over its kinds, without a default: a new
 * kind does not compile until every op knows it.
 */
public sealed interface Storage permits HostStorage, CudaStorage {
  /** The number of elements. */
  int length();

  /** The device that computes on it. */
  Device device();
}
