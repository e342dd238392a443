package dev.diptych.clip.weights;

import dev.diptych.clip.Clip;
import dev.diptych.clip.image.Preprocess;
import java.nio.file.Path;

/**
 * A model as it was read.
 *
 * @param clip weights and configuration
 * @param preprocess how the checkpoint wants pictures prepared
 * @param file the file of the weights, or of the index of several
 * @param layout how they were named there
 * @param activationFrom what told the activation: a file, an option, or a guess
 */
public record LoadedModel(
    Clip clip, Preprocess preprocess, Path file, Layout layout, String activationFrom) {}
