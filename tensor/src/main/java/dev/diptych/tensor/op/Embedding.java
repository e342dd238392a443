package dev.diptych.tensor.op;

import dev.diptych.kernels.cuda.Precision;
import dev.diptych.kernels.embedding.EmbeddingCpu;
import dev.diptych.kernels.embedding.EmbeddingCuda;
import dev.diptych.kernels.embedding.EmbeddingDims;
import dev.diptych.kernels.embedding.EmbeddingPlan;
import dev.diptych.tensor.CudaStorage;
import dev.diptych.tensor.HostStorage;
import dev.diptych.tensor.IntTensor;
import dev.diptych.tensor.Shape;
import dev.diptych.tensor.ShapeException;
import dev.diptych.tensor.Tensor;
import dev.diptych.tensor.TensorScope;
import org.jspecify.annotations.Nullable;

/** Rows of a table by token id, plus the positions of the tokens. */
public final class Embedding {
  private Embedding() {}

  /**
   * y_bt = table_id(b,t) + positions_t.
   *
   * @param ids (B, T), each in [0, V)
   * @param table (V, C)
   * @param positions (T, C)
   * @return (B, T, C)
   * @throws ShapeException if the shapes do not fit
   * @throws IllegalArgumentException if an id does not lie in the table
   */
  public static Tensor forward(TensorScope scope, IntTensor ids, Tensor table, Tensor positions) {
    if (ids.shape().rank() != 2) {
      throw new ShapeException("embedding: ids must be (B, T), got " + ids.shape());
    }
    if (table.rank() != 2) {
      throw new ShapeException("embedding: table must be (V, C), got " + table.shape());
    }
    ShapeException.require(
        "embedding",
        "positions",
        "(T, C)",
        Shape.of(ids.shape().dim(1), table.dim(1)),
        "to match ids " + ids.shape() + " and table " + table.shape(),
        positions);
    ids.requireBelow("embedding", "ids", table.dim(0));
    Tensor y = scope.allocate(Shape.of(ids.shape().dim(0), ids.shape().dim(1), table.dim(1)));
    switch (table.storage()) {
      case HostStorage host ->
          EmbeddingCpu.forward(
              dims(ids, table), ids.data(), table.floats(), positions.floats(), y.floats());
      case CudaStorage cuda ->
          EmbeddingCuda.forward(
              cuda.gpu(),
              dims(ids, table),
              y.precision(),
              ids.on(scope),
              table.memory(Precision.F32),
              positions.memory(Precision.F32),
              y.memory());
    }
    return y;
  }

  /**
   * Where each id occurs: what the gradient on a GPU needs. An op makes it of the ids when it is
   * not given; a step that is captured is given it, and its numbers are {@link IntTensor#set} for
   * each batch.
   *
   * @param ids (B, T)
   * @return of a length that depends on B·T alone, in host memory
   */
  public static IntTensor plan(IntTensor ids) {
    int[] packed = EmbeddingPlan.of(ids.data()).packed();
    return new IntTensor(Shape.of(packed.length), packed);
  }

  /**
   * Adds the gradients of table and positions.
   *
   * @param ids as given to {@link #forward}
   * @param plan of the ids, or null: then it is made if it is needed
   * @param dy (B, T, C)
   * @param dTable (V, C), added to
   * @param dPositions (T, C), added to
   */
  public static void backward(
      TensorScope scope,
      IntTensor ids,
      @Nullable IntTensor plan,
      Tensor dy,
      Tensor dTable,
      Tensor dPositions) {
    switch (dy.storage()) {
      case HostStorage host ->
          EmbeddingCpu.backward(
              dims(ids, dTable), ids.data(), dy.floats(), dTable.floats(), dPositions.floats());
      case CudaStorage cuda ->
          EmbeddingCuda.backward(
              cuda.gpu(),
              dims(ids, dTable),
              dy.precision(),
              (plan == null ? plan(ids) : plan).on(scope),
              dy.memory(),
              dTable.memory(Precision.F32),
              dPositions.memory(Precision.F32));
    }
  }

  private static EmbeddingDims dims(IntTensor ids, Tensor table) {
    return new EmbeddingDims(ids.shape().dim(0), ids.shape().dim(1), table.dim(0), table.dim(1));
  }
}
