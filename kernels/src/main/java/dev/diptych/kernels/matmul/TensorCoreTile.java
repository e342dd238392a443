package dev.diptych.kernels.matmul;

/** The tiles of C that a block of {@code matmulbf16.cu} sums on the tensor cores. */
public enum TensorCoreTile {
  /** 128×256: the most products for what is read, one block on a multiprocessor. */
  LARGE(128, 256, 256, 1, 100),
  /** 128×128: two blocks on a multiprocessor, of which one stores while the other multiplies. */
  MEDIUM(128, 128, 128, 2, 90),
  /** 64×64: for small C. */
  SMALL(64, 64, 128, 4, 55);

  /** Of K, in shared memory at once: three slices. */
  private static final int DEPTH_IN_SHARED = 3 * MatmulBf16Cuda.DEPTH;

  private final int m;
  private final int n;
  private final int threads;
  private final int blocks;
  private final int speed;

  TensorCoreTile(int m, int n, int threads, int blocks, int speed) {
    this.m = m;
    this.n = n;
    this.threads = threads;
    this.blocks = blocks;
    this.speed = speed;
  }

  /** Rows of C. */
  int m() {
    return m;
  }

  /** Columns of C. */
  int n() {
    return n;
  }

  /** Threads of a block. */
  int threads() {
    return threads;
  }

  /** Bytes of shared memory that a block takes. */
  int sharedBytes() {
    return DEPTH_IN_SHARED * (m + n) * Short.BYTES;
  }

  /** Rows of tiles in C. */
  int down(MatmulDims d) {
    return Math.ceilDiv(d.m(), m);
  }

  /** Tiles that C takes. */
  long tiles(MatmulDims d) {
    return (long) down(d) * Math.ceilDiv(d.n(), n);
  }

  /**
   * Roughly how long a large GPU takes, in no unit: rounds of blocks, each as long as its
   * multiplications take at this tile's speed; and the trip of partial sums to memory and back.
   *
   * @param items products that are not summed
   * @param depth of K for a block
   * @param splits parts that K is cut into
   */
  double cost(MatmulDims d, int items, long depth, int splits) {
    long slots = (long) MatmulBf16Cuda.MULTIPROCESSORS * blocks;
    long rounds = Math.ceilDiv(tiles(d) * items * splits, slots);
    double products = (double) rounds * slots * m * n * depth * 100 / speed;
    // 8 bytes to and fro at 4 TB/s while 2 flops take as long at 500 TFLOP/s: 500 products.
    double trip = splits == 1 ? 0 : 500.0 * splits * d.m() * d.n() * items;
    return products + trip;
  }
}
