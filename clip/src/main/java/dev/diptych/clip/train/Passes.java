package dev.diptych.clip.train;

import dev.diptych.clip.TextBatch;
import dev.diptych.tensor.Device;

/** How passes are run on a device. */
sealed interface Passes extends AutoCloseable permits PlainPasses, CapturedPasses {
  /** The way of a device. */
  static Passes on(Device device, TrainingPass pass) {
    return switch (device) {
      case Device.Cpu cpu -> new PlainPasses(device, pass);
      case Device.Cuda cuda ->
          CapturedPasses.ARE_WANTED
              ? new CapturedPasses(cuda, pass)
              : new PlainPasses(device, pass);
    };
  }

  /** Does a pass over {@code batch}; the results are valid until the next. */
  TrainingPass.Results run(PairBatch batch);

  /** The most bytes of activations and their gradients that were in use at one time. */
  long peakBytes();

  @Override
  void close();

  /** The batch's texts. */
  static TextBatch texts(TrainingPass pass, PairBatch batch) {
    return TextBatch.of(batch.tokens(), pass.clip().config().text().endToken());
  }
}
