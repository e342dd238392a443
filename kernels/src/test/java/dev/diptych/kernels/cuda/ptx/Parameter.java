package dev.diptych.kernels.cuda.ptx;

/**
 * A parameter of a kernel and its place in the block of bytes that a launch hands over.
 *
 * @param name as in the PTX
 * @param offset bytes from the start of the block
 * @param size in bytes
 * @param alignment in bytes
 */
public record Parameter(String name, int offset, int size, int alignment) {}
