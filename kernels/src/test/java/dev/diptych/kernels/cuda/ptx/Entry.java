package dev.diptych.kernels.cuda.ptx;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A kernel, ready to run.
 *
 * @param name as in the PTX
 * @param target the architecture of the module, such as {@code sm_80}
 * @param parameters in order
 * @param maxThreads {@code .maxntid} or {@code .reqntid}: the block it was compiled for
 * @param exactThreads whether a block must be exactly that ({@code .reqntid})
 * @param registers how many of each class there are, and which hold constants
 * @param shared its variables in shared memory
 * @param localBytes private memory of one thread
 * @param code the instructions
 */
public record Entry(
    String name,
    String target,
    List<Parameter> parameters,
    @Nullable Extent maxThreads,
    boolean exactThreads,
    Registers registers,
    SharedLayout shared,
    int localBytes,
    List<Instruction> code) {

  /** The bytes that a launch must hand over. */
  public int parameterBytes() {
    if (parameters.isEmpty()) {
      return 0;
    }
    Parameter last = parameters.getLast();
    return last.offset() + last.size();
  }

  /** Whether blocks can talk to each other through global memory, so that their order matters. */
  boolean usesGlobalAtomics() {
    return code.stream().anyMatch(i -> i instanceof Atomics.Atomic atomic && !atomic.onlyShared());
  }

  /** The smallest piece of shared memory that one access touches, in bytes. */
  int sharedGranule() {
    return code.stream().mapToInt(Instruction::sharedGranule).min().orElse(4);
  }
}
