package dev.diptych.clip.train;

import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
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
    IntTensor targets = new IntTensor(Shape.of(batch.size()), batch.targets());
    return pass.run(
        scope,
        new TrainingPass.Inputs(
            scope.onDevice(batch.images()), Passes.texts(pass, batch), targets));
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
