package dev.diptych.kernels.cuda;

/**
 * What a GPU is and has.
 *
 * @param name as its maker calls it
 * @param major compute capability, the number before the dot
 * @param minor compute capability, the number behind the dot
 * @param multiprocessors how many blocks can run side by side at the least
 * @param sharedBytesPerBlock the most shared memory that a block can ask for
 * @param l2Bytes size of the L2 cache
 * @param memoryBytes size of the device's memory
 */
public record GpuProperties(
    String name,
    int major,
    int minor,
    int multiprocessors,
    int sharedBytesPerBlock,
    int l2Bytes,
    long memoryBytes) {

  /** The compute capability as it is written: "9.0". */
  public String computeCapability() {
    return major + "." + minor;
  }
}
