/**
 * The demonstration: a world of drawn scenes, small enough to learn in minutes, that puts the
 * question CLIP is about. A text tower that has read "a red circle" and "a blue star" must know
 * what "a blue circle" means without ever having seen one.
 *
 * <pre>
 * Things       8 shapes × 6 colours = 48 pairs; some pairs are {@link HeldOut} from training
 * Scenes       one thing, small or large | two or three of the same | two things side by side
 * Captions     several wordings of each scene, all true, which name every colour and every shape
 * Zero-shot    pictures of held-out pairs against the names of all 48: chance is 1 in 48
 * Retrieval    new scenes with captions that all differ
 * </pre>
 *
 * <p>To read it in order: {@link Thing}, {@link Scene}, {@link SceneGenerator}, {@link
 * SceneRenderer}, {@link SceneCaptions}. Every scene is a function of (seed, use, number), whoever
 * asks for it and in whatever order.
 */
@NullMarked
package dev.diptych.clip.demo;

import org.jspecify.annotations.NullMarked;
