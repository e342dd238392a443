package dev.diptych.clip.doctor;

import dev.diptych.clip.report.BarChart;
import java.util.ArrayList;
import java.util.Formatter;
import java.util.List;
import java.util.Locale;

/** A {@link GpuBench} for people: a table, and a picture. */
public final class GpuBenchText {
  private GpuBenchText() {}

  /** One line for each kernel, and what they come to. */
  public static String table(GpuBench bench) {
    Formatter out = new Formatter(Locale.ROOT);
    boolean compared = bench.torch() != null;
    out.format(
        "%s, driver %s; median of %d rounds%s%n",
        bench.survey().gpus().getFirst().name(),
        bench.survey().driver() == null ? "of unknown version" : bench.survey().driver(),
        bench.rounds(),
        compared ? ", in turns with PyTorch " + bench.torch() : "");
    String product =
        compared
            ? "the faster of our and PyTorch's matrix products"
            : CheckupText.product(bench.survey().cublas());
    out.format("%s%n", CheckupText.ceilings(bench.ceilings(), product));
    out.format("%n");
    String heads = String.format(Locale.ROOT, "  %9s %6s  by", "PyTorch", "ratio");
    line(out, "kernel", CheckupText.speedHeads(true), compared ? heads : "");
    for (GpuBench.Row row : bench.kernels()) {
      line(out, row.ours().name(), CheckupText.speed(row.ours()), peer(row));
    }
    for (String name : bench.tooLarge()) {
      out.format("%s: not timed, the GPU has too little memory%n", name);
    }
    List<Double> ratios = ratios(bench);
    if (!ratios.isEmpty()) {
      double logs = ratios.stream().mapToDouble(Math::log).sum();
      out.format("%n");
      out.format(
          "The ratio is PyTorch's time over ours (above 1, ours is faster): %.2f in the geometric"
              + " mean of %d kernels, from %.2f to %.2f; %d are at least as fast.%n",
          Math.exp(logs / ratios.size()),
          ratios.size(),
          ratios.stream().mapToDouble(Double::doubleValue).min().orElseThrow(),
          ratios.stream().mapToDouble(Double::doubleValue).max().orElseThrow(),
          ratios.stream().filter(ratio -> ratio >= 1).count());
    }
    return out.toString();
  }

  private static void line(Formatter out, String name, String ours, String peer) {
    out.format(peer.isEmpty() ? "%-44s%s%s%n" : "%-44s%-40s%s%n", name, ours, peer);
  }

  private static List<Double> ratios(GpuBench bench) {
    List<Double> ratios = new ArrayList<>();
    for (GpuBench.Row row : bench.kernels()) {
      if (row.ratio() != null) {
        ratios.add(row.ratio());
      }
    }
    return ratios;
  }

  private static String peer(GpuBench.Row row) {
    Double ratio = row.ratio();
    return ratio == null
        ? ""
        : String.format(
            Locale.ROOT, "  %9.1f %6.2f  %s", ratio * row.ours().medianUs(), ratio, row.best());
  }

  /**
   * A bar for each kernel, as SVG: PyTorch's time over ours or, where PyTorch was not timed, the
   * share of the GPU's ceiling.
   */
  public static String chart(GpuBench bench) {
    boolean compared = bench.torch() != null;
    List<BarChart.Bar> bars = new ArrayList<>();
    for (GpuBench.Row row : bench.kernels()) {
      Double value = compared ? row.ratio() : Double.valueOf(row.ours().ofCeiling());
      if (value != null) {
        bars.add(new BarChart.Bar(row.ours().name(), value));
      }
    }
    String gpu = bench.survey().gpus().getFirst().name();
    return BarChart.svg(
        compared
            ? "Time of PyTorch "
                + bench.torch()
                + " over ours on one "
                + gpu
                + ": above 1, ours is faster"
            : "Share of what one " + gpu + " can do at most",
        bars);
  }
}
