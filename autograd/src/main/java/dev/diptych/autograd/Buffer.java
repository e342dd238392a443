package dev.diptych.autograd;

import dev.diptych.tensor.Tensor;

/**
 * A tensor of a model that is saved and loaded with its weights but not trained by gradients, such
 * as the running statistics of batch normalisation. Announced by {@link
 * Parameters.Builder#addBuffer}.
 *
 * @param name such as {@code vision.stem.norm1.runningMean}; unique in its model
 * @param value the current value, changed in place
 */
public record Buffer(String name, Tensor value) {}
