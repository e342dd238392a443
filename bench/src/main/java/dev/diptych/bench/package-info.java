/**
 * How fast it is: {@code QuickLook} in half a minute, {@code kernel} with one JMH class per kernel,
 * {@code roofline} for what the machine could do at most. Nothing else imports this floor.
 */
@NullMarked
package dev.diptych.bench;

import org.jspecify.annotations.NullMarked;
