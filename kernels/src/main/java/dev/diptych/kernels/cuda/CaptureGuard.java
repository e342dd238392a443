package dev.diptych.kernels.cuda;

/** Knows whether work is being captured, and says what cannot be done meanwhile. */
final class CaptureGuard {
  private boolean isOn;

  /** Whether work is being captured. */
  boolean isOn() {
    return isOn;
  }

  /** From here on work is captured. */
  void begin() {
    refuseCapture();
    isOn = true;
  }

  /** No longer. */
  void end() {
    isOn = false;
  }

  /**
   * Throws if work is being captured.
   *
   * @param call what was called
   * @param instead what to do
   */
  void refuse(String call, String instead) {
    if (isOn) {
      throw new IllegalStateException(
          call + " is not possible while work is being captured as a graph: " + instead + ".");
    }
  }

  void refuseCapture() {
    refuse("capture", "capture one piece of work after the other");
  }

  void refuseCopyIn() {
    refuse(
        "copyIn", "copy to the GPU before the capture and before each replay, to the same address");
  }

  void refuseCopyOut() {
    refuse("copyOut", "read the results after a replay");
  }

  void refuseFree() {
    refuse("free", "the graph may use the memory; free it when the graph is closed");
  }

  void refuseSynchronize() {
    refuse("synchronize", "there is nothing to wait for before the graph is replayed");
  }

  void refuseRecord() {
    refuse("record", "time a replay, with an event before and one behind it");
  }

  void refuseReplay() {
    refuse("replay", "replay one graph after the other");
  }
}
