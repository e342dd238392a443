package dev.diptych.kernels.matmul;

import dev.diptych.kernels.cuda.Arguments;
import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.gelu.Activation;
import org.jspecify.annotations.Nullable;

/**
 * An epilogue as the kernels take it.
 *
 * @param kind its number in epilogue.cuh
 * @param bias null if it has none
 * @param residual null if it has none
 * @param preActivation null if nobody wants it
 */
record EpilogueArguments(
    int kind,
    @Nullable DeviceMemory bias,
    @Nullable DeviceMemory residual,
    @Nullable DeviceMemory preActivation) {

  static EpilogueArguments of(CudaEpilogue epilogue) {
    return switch (epilogue) {
      case CudaEpilogue.None none -> new EpilogueArguments(0, null, null, null);
      case CudaEpilogue.Accumulate accumulate -> new EpilogueArguments(1, null, null, null);
      case CudaEpilogue.Bias(DeviceMemory bias) -> new EpilogueArguments(2, bias, null, null);
      case CudaEpilogue.BiasActivation(
              DeviceMemory bias,
              Activation activation,
              DeviceMemory preActivation) ->
          switch (activation) {
            case QUICK_GELU -> new EpilogueArguments(3, bias, null, preActivation);
            case GELU -> new EpilogueArguments(4, bias, null, preActivation);
          };
      case CudaEpilogue.BiasResidual(DeviceMemory bias, DeviceMemory residual) ->
          new EpilogueArguments(5, bias, residual, null);
      case CudaEpilogue.ActivationGradient(DeviceMemory preActivation, Activation activation) ->
          switch (activation) {
            case QUICK_GELU -> new EpilogueArguments(6, null, null, preActivation);
            case GELU -> new EpilogueArguments(7, null, null, preActivation);
          };
    };
  }

  /** Appends C and what else the epilogue reads and writes. */
  Arguments pointers(Arguments arguments, DeviceMemory c) {
    return arguments.pointer(c).pointer(bias).pointer(residual).pointer(preActivation);
  }

  /** C and what lies like it, alone. */
  Arguments likeC(DeviceMemory c) {
    return new Arguments().pointer(c).pointer(residual).pointer(preActivation);
  }
}
