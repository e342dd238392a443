package dev.diptych.kernels.doctor;

import static dev.diptych.kernels.doctor.CpuOp.floats;

import dev.diptych.kernels.adamw.AdamWCpu;
import dev.diptych.kernels.adamw.AdamWReference;
import dev.diptych.kernels.adamw.AdamWStep;
import dev.diptych.kernels.attention.AttentionCpu;
import dev.diptych.kernels.attention.AttentionDims;
import dev.diptych.kernels.attention.AttentionReference;
import dev.diptych.kernels.gelu.Activation;
import dev.diptych.kernels.gelu.GeluCpu;
import dev.diptych.kernels.gelu.GeluDims;
import dev.diptych.kernels.gelu.GeluReference;
import dev.diptych.kernels.layernorm.LayerNormCpu;
import dev.diptych.kernels.layernorm.LayerNormDims;
import dev.diptych.kernels.layernorm.LayerNormReference;
import dev.diptych.kernels.matmul.Epilogue;
import dev.diptych.kernels.matmul.MatmulCpu;
import dev.diptych.kernels.matmul.MatmulDims;
import dev.diptych.kernels.matmul.MatmulReference;
import dev.diptych.kernels.memory.Floats;
import dev.diptych.kernels.softmax.SoftmaxCpu;
import dev.diptych.kernels.softmax.SoftmaxDims;
import dev.diptych.kernels.softmax.SoftmaxReference;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * The ops of a Transformer's training step that a quick look at the CPU runs, at sizes of ViT-B.
 */
final class CpuOps {
  private CpuOps() {}

  /** The ops by name; one is made, and its reference computed, when it is asked for. */
  static Map<String, Function<String, CpuOp>> all() {
    Map<String, Function<String, CpuOp>> ops = new LinkedHashMap<>();
    ops.put("matmul 400×768×768 NT", CpuOps::matmul);
    ops.put("layernorm forward 1024×768", CpuOps::layerNorm);
    ops.put("layernorm backward 1024×768", CpuOps::layerNormBackward);
    ops.put("QUICK_GELU forward 2^19", name -> gelu(name, Activation.QUICK_GELU));
    ops.put("GELU forward 2^19", name -> gelu(name, Activation.GELU));
    ops.put("softmax forward 1024×1000", CpuOps::softmax);
    ops.put("attention forward 8×12×50×64", name -> attention(name, false));
    ops.put("attention forward 8×8×77×64 causal", name -> attention(name, true));
    ops.put("attention backward 8×12×50×64", CpuOps::attentionBackward);
    ops.put("adamw 2^19", CpuOps::adamW);
    return ops;
  }

  private static CpuOp matmul(String name) {
    MatmulDims d = MatmulDims.of(400, 768, 768, false, true);
    CpuOp op = new CpuOp(name, d.cost(), 2e-5);
    double[] a = op.normal(d.aLength());
    double[] b = op.normal(d.bLength());
    double[] expected = new double[d.cLength()];
    MatmulReference.multiply(d, a, b, expected);
    Floats x = floats(a);
    Floats w = floats(b);
    Floats y = Floats.zeros(d.cLength());
    op.hold(y, expected);
    op.runs(() -> MatmulCpu.multiply(d, x, w, y, Epilogue.NONE));
    return op;
  }

  private static CpuOp layerNorm(String name) {
    LayerNormDims d = new LayerNormDims(1024, 768, 1e-5f);
    CpuOp op = new CpuOp(name, d.forwardCost(), 5e-6);
    double[] x = op.normal(d.n() * d.c());
    double[] w = op.normal(d.c());
    double[] b = op.normal(d.c());
    double[] expected = new double[x.length];
    LayerNormReference.forward(d, x, w, b, expected, new double[d.n()], new double[d.n()]);
    Floats input = floats(x);
    Floats gain = floats(w);
    Floats bias = floats(b);
    Floats y = Floats.zeros(x.length);
    Floats mean = Floats.zeros(d.n());
    Floats rstd = Floats.zeros(d.n());
    op.hold(y, expected);
    op.runs(() -> LayerNormCpu.forward(d, input, gain, bias, y, mean, rstd));
    return op;
  }

  private static CpuOp layerNormBackward(String name) {
    LayerNormDims d = new LayerNormDims(1024, 768, 1e-5f);
    CpuOp op = new CpuOp(name, d.backwardCost(), 5e-6);
    double[] x = op.normal(d.n() * d.c());
    double[] w = op.normal(d.c());
    double[] dy = op.normal(x.length);
    double[] mean = new double[d.n()];
    double[] rstd = new double[d.n()];
    LayerNormReference.forward(d, x, w, new double[d.c()], new double[x.length], mean, rstd);
    double[] dx = new double[x.length];
    double[] dw = new double[d.c()];
    double[] db = new double[d.c()];
    LayerNormReference.backward(d, x, w, mean, rstd, dy, dx, dw, db);
    Floats input = floats(x);
    Floats gain = floats(w);
    Floats means = floats(mean);
    Floats scales = floats(rstd);
    Floats gradient = floats(dy);
    Floats dInput = Floats.zeros(x.length);
    Floats dGain = Floats.zeros(d.c());
    Floats dBias = Floats.zeros(d.c());
    op.hold(dInput, dx);
    op.hold(dGain, dw);
    op.hold(dBias, db);
    op.runs(
        () -> LayerNormCpu.backward(d, input, gain, means, scales, gradient, dInput, dGain, dBias));
    return op;
  }

  private static CpuOp gelu(String name, Activation activation) {
    GeluDims d = new GeluDims(1 << 19, activation);
    CpuOp op = new CpuOp(name, d.forwardCost(), 2e-6);
    double[] x = op.normal(d.n());
    double[] expected = new double[d.n()];
    GeluReference.forward(d, x, expected);
    Floats input = floats(x);
    Floats y = Floats.zeros(d.n());
    op.hold(y, expected);
    op.runs(() -> GeluCpu.forward(d, input, y));
    return op;
  }

  private static CpuOp softmax(String name) {
    SoftmaxDims d = new SoftmaxDims(1024, 1000);
    CpuOp op = new CpuOp(name, d.forwardCost(), 5e-8); // y is small
    double[] x = op.normal(d.n() * d.c());
    double[] expected = new double[x.length];
    SoftmaxReference.forward(d, x, expected);
    Floats input = floats(x);
    Floats y = Floats.zeros(x.length);
    op.hold(y, expected);
    op.runs(() -> SoftmaxCpu.forward(d, input, y));
    return op;
  }

  private static CpuOp attention(String name, boolean isCausal) {
    AttentionDims d =
        isCausal
            ? AttentionDims.separate(8, 8, 77, 77, 64, true)
            : AttentionDims.separate(8, 12, 50, 50, 64, false);
    CpuOp op = new CpuOp(name, d.forwardCost(), 5e-6);
    int length = d.queryLength();
    double[] q = op.normal(length);
    double[] k = op.normal(length);
    double[] v = op.normal(length);
    int rows = d.b() * d.h() * d.tq();
    double[] expected = new double[length];
    AttentionReference.forward(d, q, k, v, null, expected, new double[rows]);
    Floats queries = floats(q);
    Floats keys = floats(k);
    Floats values = floats(v);
    Floats y = Floats.zeros(length);
    Floats lse = Floats.zeros(rows);
    op.hold(y, expected);
    op.runs(() -> AttentionCpu.forward(d, queries, keys, values, null, y, lse));
    return op;
  }

  private static CpuOp attentionBackward(String name) {
    AttentionDims d = AttentionDims.separate(8, 12, 50, 50, 64, false);
    CpuOp op = new CpuOp(name, d.backwardCost(), 1e-5);
    int length = d.queryLength();
    double[] q = op.normal(length);
    double[] k = op.normal(length);
    double[] v = op.normal(length);
    double[] dy = op.normal(length);
    double[] y = new double[length];
    double[] lse = new double[d.b() * d.h() * d.tq()];
    AttentionReference.forward(d, q, k, v, null, y, lse);
    double[] dq = new double[length];
    double[] dk = new double[length];
    double[] dv = new double[length];
    AttentionReference.backward(d, q, k, v, null, y, lse, dy, dq, dk, dv);
    Floats queries = floats(q);
    Floats keys = floats(k);
    Floats values = floats(v);
    Floats outputs = floats(y);
    Floats sums = floats(lse);
    Floats gradient = floats(dy);
    Floats dQueries = Floats.zeros(length);
    Floats dKeys = Floats.zeros(length);
    Floats dValues = Floats.zeros(length);
    op.hold(dQueries, dq);
    op.hold(dKeys, dk);
    op.hold(dValues, dv);
    op.runs(() ->
        AttentionCpu.backward(
            d, queries, keys, values, null, outputs, sums, gradient, dQueries, dKeys, dValues));
    return op;
  }

  private static CpuOp adamW(String name) {
    int n = 1 << 19;
    AdamWStep step = new AdamWStep(7, 1e-3, 0.9, 0.98, 1e-6, 0.2, 0.5);
    CpuOp op = new CpuOp(name, AdamWStep.cost(n), 1e-5);
    double[] p = op.normal(n);
    double[] g = op.normal(n);
    double[] m = op.normal(n);
    double[] v = op.normal(n);
    for (int i = 0; i < n; i++) {
      v[i] *= v[i];
    }
    Floats parameters = floats(p);
    Floats gradients = floats(g);
    Floats means = floats(m);
    Floats squares = floats(v);
    Floats numbers = Floats.of(step.packed());
    AdamWReference.update(step, p, g, m, v, 0, n);
    op.hold(parameters, p);
    op.hold(means, m);
    op.hold(squares, v);
    op.runs(() -> AdamWCpu.update(numbers, parameters, gradients, means, squares, 0, n));
    return op;
  }
}
