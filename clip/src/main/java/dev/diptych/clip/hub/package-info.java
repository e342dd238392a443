/**
 * Models from a Hugging Face hub: the public file API on one side, a cache on disk on the other
 * that Python's {@code huggingface_hub} shares (layout: <a
 * href="https://huggingface.co/docs/hub/local-cache">Hub Local Cache</a>). Nothing here knows what
 * a model is; nothing that a server says is believed unchecked: names, sizes and hashes.
 */
@NullMarked
package dev.diptych.clip.hub;

import org.jspecify.annotations.NullMarked;
