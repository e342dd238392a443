package dev.diptych.tensor;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.GpuScope;
import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.elementwise.ElementwiseCuda;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.stridedcopy.StridedCopyCuda;
import dev.diptych.kernels.stridedcopy.StridedCopyDims;
import java.lang.foreign.MemorySegment;

/** Moves the elements of tensors: within a device, and from one to the other. */
final class Copies {
  private Copies() {}

  /** Elements of {@code source}, in row-major order, to host memory. */
  static void toHost(Tensor source, Floats target) {
    switch (source.storage()) {
      case HostStorage host -> {
        if (source.isContiguous()) {
          target.copyFrom(source.floats());
        } else {
          gather(source, host.floats(), target);
        }
      }
      case CudaStorage cuda -> {
        try (GpuScope scratch = cuda.gpu().scope()) {
          DeviceMemory floats = inF32(source, cuda, scratch);
          cuda.gpu().copyOut(floats, segment(target));
        }
      }
    }
  }

  /** Elements of {@code source}, of any layout, to the contiguous {@code target}. */
  static void copy(Tensor source, Tensor target) {
    switch (target.storage()) {
      case HostStorage host -> toHost(source, target.floats());
      case CudaStorage cuda -> {
        try (GpuScope scratch = cuda.gpu().scope()) {
          switch (source.storage()) {
            case HostStorage from -> {
              Floats floats = contiguous(source);
              if (target.precision() == Precision.F32) {
                cuda.gpu().copyIn(segment(floats), target.memory());
              } else {
                DeviceMemory there = scratch.floats(floats.length());
                cuda.gpu().copyIn(segment(floats), there);
                convert(cuda, Precision.F32, there, target);
              }
            }
            case CudaStorage from ->
                convert(cuda, source.precision(), rowMajor(source, from, scratch), target);
          }
        }
        target.written();
      }
    }
  }

  static void fill(Tensor x, float value) {
    switch (x.storage()) {
      case HostStorage host -> x.floats().fill(value);
      case CudaStorage cuda -> {
        ElementwiseCuda.fill(cuda.gpu(), x.precision(), x.memory(), value);
        x.written();
      }
    }
  }

  private static void convert(
      CudaStorage cuda, Precision precision, DeviceMemory from, Tensor target) {
    if (precision == target.precision()) {
      cuda.gpu().copy(from, target.memory());
    } else {
      ElementwiseCuda.convert(cuda.gpu(), precision, from, target.precision(), target.memory());
    }
  }

  private static DeviceMemory inF32(Tensor source, CudaStorage cuda, GpuScope scratch) {
    DeviceMemory elements = rowMajor(source, cuda, scratch);
    if (source.precision() == Precision.F32) {
      return elements;
    }
    DeviceMemory floats = scratch.floats(source.size());
    ElementwiseCuda.convert(cuda.gpu(), source.precision(), elements, Precision.F32, floats);
    return floats;
  }

  /**
   * The elements without gaps: where they are if they have none, else copied to {@code scratch}.
   */
  private static DeviceMemory rowMajor(Tensor source, CudaStorage cuda, GpuScope scratch) {
    if (source.isContiguous()) {
      return source.memory();
    }
    DeviceMemory packed = scratch.allocate((long) source.size() * source.precision().bytes());
    StridedCopyCuda.forward(cuda.gpu(), source.layout(), source.precision(), cuda.memory(), packed);
    return packed;
  }

  private static Floats contiguous(Tensor source) {
    return source.isContiguous() ? source.floats() : Floats.of(source.toArray());
  }

  private static MemorySegment segment(Floats floats) {
    return MemorySegment.ofArray(floats.array())
        .asSlice(4L * floats.offset(), 4L * floats.length());
  }

  private static void gather(Tensor source, Floats from, Floats target) {
    int rank = source.rank();
    if (source.size() == 0) {
      return;
    }
    StridedCopyDims layout = source.layout();
    int[] strides = layout.strides();
    int inner = source.dim(-1);
    int innerStride = strides[rank - 1];
    int[] index = new int[rank];
    int to = target.offset();
    for (int row = source.shape().rows(); row > 0; row--) {
      int at = from.offset() + layout.offset();
      for (int axis = 0; axis < rank - 1; axis++) {
        at += index[axis] * strides[axis];
      }
      for (int i = 0; i < inner; i++) {
        target.array()[to++] = from.array()[at + i * innerStride];
      }
      for (int axis = rank - 2; axis >= 0 && ++index[axis] == source.dim(axis); axis--) {
        index[axis] = 0;
      }
    }
  }
}
