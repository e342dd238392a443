/**
 * PyTorch's files without Python. A file is a pickle, a program for a small stack machine that
 * builds what was saved, beside blocks of bytes that hold the elements of tensors:
 *
 * <ul>
 *   <li>{@link dev.diptych.tensor.io.torch.TorchFile}: what others use;
 *   <li>{@code ZipArchive}, {@code LegacyFile}: where the pickle and the blocks are;
 *   <li>{@code Unpickler}, {@code Globals}: the stack machine, and the few names that a pickle may
 *       ask for: those that make tensors and plain values. Nothing is ever executed;
 *   <li>{@code StridedTensor}: a view into a block, checked against it;
 *   <li>{@code NamedValues}: the nested result under dotted names.
 * </ul>
 *
 * @see <a href="https://docs.pytorch.org/docs/stable/notes/serialization.html">PyTorch on its
 *     files</a>
 * @see <a href="https://docs.python.org/3/library/pickletools.html">the pickle instructions</a>
 */
@NullMarked
package dev.diptych.tensor.io.torch;

import org.jspecify.annotations.NullMarked;
