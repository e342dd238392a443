/**
 * The GPU as kernels see it: memory, modules of kernels, launches, events.
 *
 * <p>{@code Gpu} is the interface. {@code CudaDevice} is an NVIDIA GPU behind the driver API;
 * {@code CudaDevice.tryOpen()} looks for the driver first, so that a machine without one never
 * loads a class of JCuda. The tests have a second implementation, an interpreter of PTX, so the
 * kernels that ship and the packing of their arguments are tested on any machine.
 *
 * <p>A kernel's source lies beside its launcher ({@code gelu/gelu.cu}, {@code gelu/GeluCuda.java});
 * what the driver loads is its PTX, a resource of the same package, made by {@code
 * kernels/cuda-build}. The driver compiles it for the GPU it finds: a user needs a driver and
 * nothing else.
 *
 * <p>Everything runs on one stream, in the order in which it was asked for: what a launch writes,
 * the next launch and the next copy see. {@code copyOut} waits; launches do not.
 */
@NullMarked
package dev.diptych.kernels.cuda;

import org.jspecify.annotations.NullMarked;
