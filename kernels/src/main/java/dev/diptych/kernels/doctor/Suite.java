package dev.diptych.kernels.doctor;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.memory.Cost;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** The cases and timings of all ops. */
public final class Suite {
  private final List<GpuCase> cases = new ArrayList<>();
  private final List<GpuTiming> timings = new ArrayList<>();

  /** Without cases and timings. */
  Suite() {}

  /** Everything there is. */
  public static Suite all() {
    Suite suite = new Suite();
    ElementwiseCases.addTo(suite);
    StridedCopyCases.addTo(suite);
    ActivationCases.addTo(suite);
    LayerNormCases.addTo(suite);
    SoftmaxCases.addTo(suite);
    L2NormalizeCases.addTo(suite);
    ReduceCases.addTo(suite);
    AdamWCases.addTo(suite);
    EmbeddingCases.addTo(suite);
    PatchEmbeddingCases.addTo(suite);
    MatmulCases.addTo(suite);
    MatmulBf16Cases.addTo(suite);
    AttentionCases.addTo(suite);
    ContrastiveCases.addTo(suite);
    Conv2dCases.addTo(suite);
    ChannelsLastCases.addTo(suite);
    BatchNormCases.addTo(suite);
    AveragePoolCases.addTo(suite);
    MeanTokenCases.addTo(suite);
    CublasRace.addTo(suite);
    return suite;
  }

  /** A case in f32; it is run with aligned memory and with memory that is not. */
  void check(String name, Consumer<Workbench> body) {
    check(name, Precision.F32, body);
  }

  /** The same in bf16. */
  void checkBf16(String name, Consumer<Workbench> body) {
    check(name, Precision.BF16, body);
  }

  /**
   * A case in bf16 whose memory is aligned: for large ones of the tensor cores, where memory that
   * is not goes to a kernel for any sizes, and smaller cases say all about that.
   */
  void checkBf16Aligned(String name, Consumer<Workbench> body) {
    cases.add(new GpuCase(name + " " + Precision.BF16.suffix(), Precision.BF16, true, body));
  }

  /** The same case in f32 and in bf16. */
  void checkBoth(String name, Consumer<Workbench> body) {
    check(name, Precision.F32, body);
    check(name, Precision.BF16, body);
  }

  private void check(String name, Precision precision, Consumer<Workbench> body) {
    cases.add(new GpuCase(name + " " + precision.suffix(), precision, true, body));
    cases.add(new GpuCase(name + " " + precision.suffix() + " unaligned", precision, false, body));
  }

  /** A timing in f32. */
  void time(String name, Cost cost, GpuTiming.Setup setup) {
    timings.add(new GpuTiming(name + " f32", Precision.F32, cost, setup));
  }

  /** The same in bf16, of half the bytes: what stays f32, as gains and statistics do, is little. */
  void timeBf16(String name, Cost cost, GpuTiming.Setup setup) {
    Cost half = new Cost(cost.bytes() / 2, cost.flops());
    timings.add(new GpuTiming(name + " bf16", Precision.BF16, half, setup));
  }

  /** The cases. */
  public List<GpuCase> cases() {
    return List.copyOf(cases);
  }

  /** The timings. */
  public List<GpuTiming> timings() {
    return List.copyOf(timings);
  }
}
