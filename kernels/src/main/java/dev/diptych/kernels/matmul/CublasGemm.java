package dev.diptych.kernels.matmul;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.diptych.kernels.cuda.DeviceMemory;
import dev.diptych.kernels.cuda.Gpu;
import dev.diptych.kernels.cuda.GpuException;
import dev.diptych.kernels.cuda.Precision;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;

/**
 * NVIDIA's cuBLAS, where it is installed: what our own products are raced against on the same GPU
 * in the same run. Nothing is trained with it. The library is called directly; no class of JCuda is
 * needed.
 */
public final class CublasGemm implements AutoCloseable {
  private static final String LIBRARY = "libcublas.so.12";

  private static final int NOT_TRANSPOSED = 0; // cublasOperation_t
  private static final int TRANSPOSED = 1;
  private static final int F32 = 0; // cudaDataType
  private static final int BF16 = 14;
  private static final int COMPUTE_F32 = 68; // cublasComputeType_t: sums in f32, no TF32
  private static final int ANY_ALGORITHM = -1; // cublasGemmAlgo_t

  private final Arena arena = Arena.ofShared();
  private final MethodHandle gemm;
  private final MethodHandle destroy;
  private final MemorySegment handle;
  private final MemorySegment one;
  private final MemorySegment zero;

  /** Whether the library can be loaded here. */
  @SuppressWarnings("restricted") // loads cuBLAS, nothing of ours
  public static boolean isInstalled() {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(LIBRARY, arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * cuBLAS for a GPU, in the order of whose work products are computed.
   *
   * @throws GpuException if the library is not installed or fails, or if there is no driver behind
   *     the GPU
   */
  public static CublasGemm open(Gpu gpu) {
    long stream =
        gpu.stream()
            .orElseThrow(() ->
                new GpuException("cuBLAS needs a GPU with a driver, not " + gpu.properties()));
    if (!isInstalled()) {
      throw new GpuException(LIBRARY + " cannot be loaded: cuBLAS of CUDA 12 is not installed.");
    }
    return new CublasGemm(stream);
  }

  @SuppressWarnings("restricted") // four functions with the signatures of cublas_api.h
  CublasGemm(long stream) {
    SymbolLookup library = SymbolLookup.libraryLookup(LIBRARY, arena);
    gemm =
        function(
            library,
            "cublasGemmEx",
            ADDRESS, // cublasHandle_t
            JAVA_INT,
            JAVA_INT, // transposed?
            JAVA_INT,
            JAVA_INT,
            JAVA_INT, // m, n, k
            ADDRESS, // alpha
            ADDRESS,
            JAVA_INT,
            JAVA_INT, // A, its type, its leading dimension
            ADDRESS,
            JAVA_INT,
            JAVA_INT, // B
            ADDRESS, // beta
            ADDRESS,
            JAVA_INT,
            JAVA_INT, // C
            JAVA_INT, // compute type
            JAVA_INT); // algorithm
    destroy = function(library, "cublasDestroy_v2", ADDRESS);
    MemorySegment made = arena.allocate(ADDRESS);
    call("cublasCreate", function(library, "cublasCreate_v2", ADDRESS), made);
    handle = made.get(ADDRESS, 0);
    call(
        "cublasSetStream",
        function(library, "cublasSetStream_v2", ADDRESS, ADDRESS),
        handle,
        MemorySegment.ofAddress(stream));
    one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      SymbolLookup library, String name, MemoryLayout... arguments) {
    MemorySegment symbol =
        library.find(name).orElseThrow(() -> new GpuException(LIBRARY + " has no " + name + "."));
    return Linker.nativeLinker()
        .downcallHandle(symbol, FunctionDescriptor.of(JAVA_INT, arguments)); // cublasStatus_t
  }

  private static void call(String name, MethodHandle function, Object... arguments) {
    int status;
    try {
      status = (int) function.invokeWithArguments(arguments);
    } catch (Throwable e) { // a downcall throws only if it is misused
      throw new IllegalStateException(name + " cannot be called", e);
    }
    if (status != 0) {
      throw new GpuException(
          name + Arrays.toString(arguments) + " failed with cublasStatus_t " + status + ".");
    }
  }

  /**
   * C = op(A)·op(B) of one product, summed in f32.
   *
   * @param a in {@code precision}, as {@link MatmulDims} lays it out, in elements
   * @param b the same
   * @param c the same, written
   */
  public void multiply(
      MatmulDims d, Precision precision, DeviceMemory a, DeviceMemory b, DeviceMemory c) {
    assert d.batch() == 1;
    assert precision.fits(a, d.aLength()) && precision.fits(b, d.bLength());
    assert precision.fits(c, d.cLength());
    int type =
        switch (precision) {
          case F32 -> F32;
          case BF16 -> BF16;
        };
    // What is row-major to us is the transpose to cuBLAS, which therefore computes Cᵀ =
    // op(B)ᵀ·op(A)ᵀ.
    call(
        "cublasGemmEx",
        gemm,
        handle,
        d.transposeB() ? TRANSPOSED : NOT_TRANSPOSED,
        d.transposeA() ? TRANSPOSED : NOT_TRANSPOSED,
        d.n(),
        d.m(),
        d.k(),
        one,
        MemorySegment.ofAddress(b.address()),
        type,
        d.bRowStride(),
        MemorySegment.ofAddress(a.address()),
        type,
        d.aRowStride(),
        zero,
        MemorySegment.ofAddress(c.address()),
        type,
        d.cRowStride(),
        COMPUTE_F32,
        ANY_ALGORITHM);
  }

  @Override
  public void close() {
    call("cublasDestroy", destroy, handle);
    arena.close();
  }
}
