package dev.diptych.kernels.cuda;

import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;
import static jcuda.driver.JCudaDriver.cuThreadExchangeStreamCaptureMode;

import jcuda.CudaException;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCaptureMode;

/** A CUDA graph that is ready to be launched, and the calls of the driver that make one. */
final class DriverGraph {
  private final CUgraphExec executable;

  private DriverGraph(CUgraphExec executable) {
    this.executable = executable;
  }

  /**
   * Captures what {@code work} puts into the stream.
   *
   * @throws CudaException if the driver cannot make a graph of it
   */
  static DriverGraph capture(CUstream stream, Runnable work) {
    cuStreamBeginCapture(stream, CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
    try {
      work.run();
    } catch (Throwable e) {
      try {
        cuGraphDestroy(ended(stream));
      } catch (CudaException again) { // an error has spoiled the capture: it left no graph
        e.addSuppressed(again);
      }
      throw e;
    }
    CUgraph graph = ended(stream);
    try {
      CUgraphExec executable = new CUgraphExec();
      cuGraphInstantiate(executable, graph, 0);
      return new DriverGraph(executable);
    } finally {
      cuGraphDestroy(graph);
    }
  }

  private static CUgraph ended(CUstream stream) {
    CUgraph graph = new CUgraph();
    cuStreamEndCapture(stream, graph);
    return graph;
  }

  /** Runs what the driver forbids a thread that captures unless it is told that it does no harm. */
  static void unguarded(Runnable call) {
    int[] mode = {CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED};
    cuThreadExchangeStreamCaptureMode(mode);
    try {
      call.run();
    } finally {
      cuThreadExchangeStreamCaptureMode(mode);
    }
  }

  void launch(CUstream stream) {
    cuGraphLaunch(executable, stream);
  }

  /** Frees it, once it has run if it is running. */
  void destroy() {
    cuGraphExecDestroy(executable);
  }
}
