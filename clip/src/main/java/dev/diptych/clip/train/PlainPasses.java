package dev.diptych.clip.train;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.TensorScope;

/** Runs every pass op by op. */
final class PlainPasses implements Passes {
  private final TrainingPass pass;
  private final TensorScope scope;

  PlainPasses(Device device, TrainingPass pass) {
    this.pass = pass;
    scope = new TensorScope(device);
  }

  @Override
  public TrainingPass.Results run(PairBatch batch) {
    scope.rewind();
    return pass.run(scope, Passes.inputs(scope, pass, batch));
  }

  @Override
  public long peakBytes() {
    return scope.peakBytes();
  }

  @Override
  public void close() {
    scope.close();
  }
}
