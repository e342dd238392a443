package dev.diptych.tensor;

/** Where a tensor's elements live and its ops run. */
public enum Device {
  /** Heap memory and the Vector API. */
  CPU
}
