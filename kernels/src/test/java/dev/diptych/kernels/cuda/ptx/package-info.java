/**
 * How a GPU executes a kernel, as a program: an interpreter of PTX, NVIDIA's assembly language. It
 * runs the very text that the driver is given, on any machine, one warp at a time, and reports what
 * on a GPU would be a wrong number on some days.
 *
 * <h2>What happens when a kernel is launched</h2>
 *
 * <ol>
 *   <li>A <b>grid</b> of <b>blocks</b> is started ({@code PtxMachine}). Blocks know nothing of each
 *       other and run in any order; what they share is {@code GlobalMemory}.
 *   <li>A block ({@code Block}) has up to 1024 threads, {@code SharedMemory} that only they see,
 *       and sixteen {@code Barrier}s where they wait for each other.
 *   <li>Its threads run in <b>warps</b> of 32 ({@code Warp}). The lanes of a warp have registers of
 *       their own, and execute the same instruction at the same time. Where a branch parts them,
 *       one side runs while the other stands by, until they meet again.
 *   <li>What a lane cannot do alone, its warp does together: exchange registers ({@code
 *       Collectives}), load matrices ({@code Matrices}), multiply them ({@code Mma}).
 *   <li>Copies from global to shared memory can go on by themselves while a warp computes ({@code
 *       AsyncCopies}): they are issued, closed into groups, and waited for.
 * </ol>
 *
 * <h2>In which file is what</h2>
 *
 * <pre>
 * text      Statements, Parser, BodyParser, Operands, Scope → PtxModule, Entry, Parameter
 * decoding  Decoder asks a family for an Instruction; Form is the instruction as written
 * families  Integers, Floats, Halves, Conversions, Comparisons, Moves   each lane for itself
 *           Accesses, Atomics, AsyncCopies                              memory
 *           Control                                                     branches and barriers
 *           Collectives, Matrices, Mma                                  the warp together
 *           Scalar, WholeWarp                                           loops over the lanes
 *           Numbers, Type                                               formats and rounding
 * machine   PtxMachine, Launch, Block, Barrier, Warp, Registers, Specials
 * memory    Region, GlobalMemory, SharedMemory, SharedLayout, PlainRegion, Windows
 * reports   RaceDetector, Violation → Fault
 * </pre>
 *
 * <h2>What is reported</h2>
 *
 * <p>Always with kernel, line of the PTX, block and thread: accesses outside an allocation or
 * across its end, also of shared variables, which have red zones between them; reads of memory and
 * registers that nothing was written to; misaligned accesses; touching the place of an asynchronous
 * copy before it was waited for; two threads of a block at the same shared memory with nothing to
 * order them, lanes of one warp included; masks that do not fit the lanes that execute; barriers
 * that only part of a warp comes to; deadlocks and endless loops.
 *
 * <h2>What it does not see</h2>
 *
 * <ul>
 *   <li>Races between blocks in global memory. Blocks run side by side where there are no atomics
 *       on global memory, and in order where there are, so that results never change.
 *   <li>Order made by flags in memory instead of barriers: data guarded by a flag is taken for a
 *       race. Fences do nothing, because everything is seen at once.
 *   <li>Last bits: approximate functions and the sums of {@code mma} are computed as well as Java
 *       can; the device has errors of its own there.
 *   <li>Time. And what is new in {@code sm_90}: {@code mbarrier}, bulk copies and {@code wgmma} are
 *       refused by name, as every instruction that no family knows.
 * </ul>
 */
@NullMarked
package dev.diptych.kernels.cuda.ptx;

import org.jspecify.annotations.NullMarked;
