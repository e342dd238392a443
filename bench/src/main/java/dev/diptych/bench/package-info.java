/**
 * How fast it is: {@code kernel} with one JMH class per kernel, {@code LargeBatchLoss} for the loss
 * on a batch of CLIP's own size. Nothing else imports this floor.
 */
@NullMarked
package dev.diptych.bench;

import org.jspecify.annotations.NullMarked;
