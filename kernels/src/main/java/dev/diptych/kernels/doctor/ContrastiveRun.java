package dev.diptych.kernels.doctor;

import dev.diptych.kernels.contrastive.ContrastiveCuda;
import dev.diptych.kernels.contrastive.ContrastiveDims;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.Precision;
import org.jspecify.annotations.Nullable;

/** A contrastive loss with its operands on the GPU, and what its passes leave there. */
record ContrastiveRun(
    ContrastiveDims d,
    Precision precision,
    DeviceMemory image,
    DeviceMemory text,
    DeviceMemory logScale,
    @Nullable DeviceMemory ids,
    DeviceMemory loss,
    DeviceMemory accuracy,
    DeviceMemory rowLse,
    DeviceMemory columnLse,
    DeviceMemory dLoss,
    DeviceMemory dImage,
    DeviceMemory dText,
    DeviceMemory dLogScale) {
  /** Nothing has run yet: outputs are unwritten, dLogScale holds {@code collected}. */
  static ContrastiveRun of(
      Workbench w,
      ContrastiveDims d,
      DeviceMemory image,
      DeviceMemory text,
      double logScale,
      int @Nullable [] ids,
      double dLoss,
      double collected) {
    return new ContrastiveRun(
        d,
        w.precision(),
        image,
        text,
        w.inF32(logScale),
        ids == null ? null : w.ints(ids),
        w.outF32(1),
        w.outF32(1),
        w.outF32(d.n()),
        w.outF32(d.n()),
        w.inF32(dLoss),
        w.out(d.n() * d.d()),
        w.out(d.n() * d.d()),
        w.inF32(collected));
  }

  /** The forward pass as the sizes have it cut. */
  void forward(Gpu gpu) {
    ContrastiveCuda.forward(
        gpu, d, precision, image, text, logScale, ids, loss, accuracy, rowLse, columnLse);
  }

  /** The forward pass by chunks of so many rows. */
  void forwardBy(int rows, Gpu gpu) {
    ContrastiveCuda.forwardBy(
        rows, gpu, d, precision, image, text, logScale, ids, loss, accuracy, rowLse, columnLse);
  }

  /** The backward pass as the sizes have it cut. */
  void backward(Gpu gpu) {
    ContrastiveCuda.backward(
        gpu, d, precision, image, text, logScale, ids, loss, rowLse, columnLse, dLoss, dImage,
        dText, dLogScale);
  }

  /** The backward pass by chunks of so many rows. */
  void backwardBy(int rows, Gpu gpu) {
    ContrastiveCuda.backwardBy(
        rows, gpu, d, precision, image, text, logScale, ids, loss, rowLse, columnLse, dLoss, dImage,
        dText, dLogScale);
  }
}
