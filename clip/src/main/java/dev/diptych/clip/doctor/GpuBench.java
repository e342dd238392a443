package dev.diptych.clip.doctor;

import dev.diptych.kernels.cuda.GpuSurvey;
import dev.diptych.kernels.doctor.Ceilings;
import dev.diptych.kernels.doctor.GpuCheckup;
import dev.diptych.kernels.doctor.Machine;
import dev.diptych.kernels.doctor.Speed;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What {@code diptych bench gpu} measured; as JSON, one document.
 *
 * @param when it ended, UTC
 * @param machine the processor and Java
 * @param survey the GPU
 * @param rounds how often all of it was timed; every figure is the median over the rounds
 * @param torch PyTorch's version; null if it was not timed
 * @param ceilings what the GPU can do at most: a copy, and the largest matrix product of ours, of
 *     cuBLAS or of PyTorch, whichever is fastest
 * @param kernels one for each timing
 * @param tooLarge timings for which the GPU has too little memory
 */
public record GpuBench(
    String when,
    Machine machine,
    GpuSurvey survey,
    int rounds,
    @Nullable String torch,
    Ceilings ceilings,
    List<Row> kernels,
    List<String> tooLarge) {

  /**
   * A kernel beside PyTorch's.
   *
   * @param ours the kernel
   * @param torch µs of PyTorch's ways of doing the same; empty if it has none in one call
   * @param best the name of the fastest; null if there is none
   * @param ratio its time over ours: above 1, ours is faster; null if there is none
   */
  public record Row(
      KernelRow ours, Map<String, Double> torch, @Nullable String best, @Nullable Double ratio) {
    static Row of(KernelRow ours, Map<String, Double> torch) {
      return torch.entrySet().stream()
          .min(Map.Entry.comparingByValue())
          .map(best ->
              new Row(ours, torch, best.getKey(), Rounded.to(4, best.getValue() / ours.medianUs())))
          .orElseGet(() -> new Row(ours, torch, null, null));
    }
  }

  /**
   * Times the kernels, and PyTorch's in turns with them: ours, theirs, ours, theirs.
   *
   * @param checkup of the GPU, with the kernels that are wanted
   * @param gpu whose survey goes into the result
   * @param rounds at least 1
   * @param peer PyTorch, or null for ours alone
   * @param progress is told what begins
   */
  public static GpuBench measure(
      GpuCheckup checkup,
      GpuSurvey gpu,
      int rounds,
      @Nullable PyTorch peer,
      Consumer<String> progress) {
    progress.accept("measuring what the GPU can do at most");
    Ceilings ceilings = checkup.ceilings();
    List<GpuCheckup.Times> ours = new ArrayList<>();
    List<Map<String, Map<String, Double>>> theirs = new ArrayList<>();
    for (int round = 1; round <= rounds; round++) {
      progress.accept("round " + round + " of " + rounds + ", ours");
      GpuCheckup.Times times = checkup.time();
      ours.add(times);
      times.failures().forEach(failure -> progress.accept("failed: " + failure));
      if (peer != null) {
        progress.accept("round " + round + " of " + rounds + ", PyTorch's");
        theirs.add(peer.round(times.speeds().stream().map(Speed::name).toList()));
      }
    }
    if (peer != null) {
      ceilings = ceilings.atLeast(peer.start().f32Gigaflops(), peer.start().bf16Gigaflops());
    }
    return new GpuBench(
        Instant.now().truncatedTo(ChronoUnit.SECONDS).toString(),
        Machine.current(),
        gpu,
        rounds,
        peer == null ? null : peer.start().torch(),
        ceilings,
        rows(ours.stream().map(GpuCheckup.Times::speeds).toList(), theirs, ceilings),
        ours.getFirst().tooLarge());
  }

  /** Joins the rounds: medians over them, of what every round has. */
  static List<Row> rows(
      List<List<Speed>> ours, List<Map<String, Map<String, Double>>> theirs, Ceilings ceilings) {
    List<Row> rows = new ArrayList<>();
    for (Speed first : ours.getFirst()) {
      List<Speed> all = new ArrayList<>();
      for (List<Speed> round : ours) {
        round.stream().filter(one -> one.name().equals(first.name())).forEach(all::add);
      }
      Speed joined =
          new Speed(
              first.name(),
              first.precision(),
              first.cost(),
              median(all.stream().mapToDouble(Speed::medianUs).toArray()),
              all.stream().mapToDouble(Speed::leastUs).min().orElseThrow());
      rows.add(Row.of(KernelRow.of(joined, ceilings), ways(first.name(), theirs)));
    }
    return rows;
  }

  private static Map<String, Double> ways(
      String name, List<Map<String, Map<String, Double>>> theirs) {
    Map<String, List<Double>> all = new LinkedHashMap<>();
    for (Map<String, Map<String, Double>> round : theirs) {
      round
          .getOrDefault(name, Map.of())
          .forEach((way, time) -> all.computeIfAbsent(way, key -> new ArrayList<>()).add(time));
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    all.forEach((way, times) ->
        medians.put(
            way, Rounded.to(4, median(times.stream().mapToDouble(Double::doubleValue).toArray()))));
    return medians;
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    int n = values.length;
    return (values[(n - 1) / 2] + values[n / 2]) / 2;
  }
}
