package dev.diptych.clip.train;

import dev.diptych.clip.TextBatch;
import dev.diptych.kernels.cuda.GpuGraph;
import dev.diptych.tensor.Device;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.TensorScope;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Runs passes on a GPU as graphs. The first pass over batches of a shape runs op by op, and so
 * loads the kernels; the second is captured, in memory that is the graph's own; from then on a step
 * copies the batch to where the first lay, replays the graph and reads a few numbers.
 *
 * <p>With {@code -Ddiptych.cuda.graphs=false} passes run op by op, as they must for {@code
 * -Ddiptych.cuda.synchronous=true} to tell which kernel failed.
 */
final class CapturedPasses implements Passes {
  static final boolean ARE_WANTED =
      Boolean.parseBoolean(System.getProperty("diptych.cuda.graphs", "true"))
          && !Boolean.getBoolean("diptych.cuda.synchronous");

  private final Device.Cuda device;
  private final TrainingPass pass;
  private final Map<Sizes, Captured> captured = new HashMap<>();

  private record Sizes(Shape images, Shape tokens) {}

  CapturedPasses(Device.Cuda device, TrainingPass pass) {
    this.device = device;
    this.pass = pass;
  }

  @Override
  public TrainingPass.Results run(PairBatch batch) {
    Sizes sizes = new Sizes(batch.images().shape(), batch.tokens().shape());
    return captured.computeIfAbsent(sizes, of -> new Captured(batch)).run(batch);
  }

  @Override
  public long peakBytes() {
    long most = 0;
    for (Captured one : captured.values()) {
      most += one.scope.peakBytes(); // what a graph works in stays its own
    }
    return most;
  }

  @Override
  public void close() {
    captured.values().forEach(Captured::close);
    captured.clear();
  }

  /** The pass over batches of one shape. */
  private final class Captured {
    private final TensorScope inputScope = new TensorScope(device);
    private final TrainingPass.Inputs inputs;
    private TensorScope scope = new TensorScope(device);
    private boolean ran;
    private @Nullable GpuGraph graph;
    private TrainingPass.@Nullable Results results;

    Captured(PairBatch batch) {
      TextBatch texts = Passes.texts(pass, batch);
      IntTensor targets = new IntTensor(Shape.of(batch.size()), batch.targets().clone());
      inputs =
          new TrainingPass.Inputs(
              inputScope.copy(batch.images()),
              texts.upload(inputScope),
              targets.upload(inputScope));
    }

    TrainingPass.Results run(PairBatch batch) {
      batch
          .tokens()
          .requireBelow("training", "tokens", pass.clip().config().text().vocabularySize());
      inputs.images().copyFrom(batch.images());
      inputs.texts().set(Passes.texts(pass, batch));
      inputs.targets().set(batch.targets());
      if (!ran) {
        ran = true;
        return pass.run(scope, inputs);
      }
      GpuGraph toReplay = graph;
      if (toReplay == null) {
        scope.close();
        toReplay = device.gpu().capture(this::runInMemoryOfTheGraph);
        graph = toReplay;
      }
      toReplay.replay();
      return Objects.requireNonNull(results);
    }

    /** What the pass gives back on its way must serve nobody else: every replay writes there. */
    private void runInMemoryOfTheGraph() {
      scope = new TensorScope(device);
      try {
        results = pass.run(scope, inputs);
      } catch (RuntimeException e) {
        scope.close(); // while there is somebody to give it back to
        throw e;
      }
    }

    void close() {
      scope.close();
      if (graph != null) {
        graph.close();
      }
      inputScope.close();
    }
  }
}
