/** Benchmarks of whole steps that a model takes, from file to answer. */
@NullMarked
package dev.diptych.bench.model;

import org.jspecify.annotations.NullMarked;
