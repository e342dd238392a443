/**
 * The first layer of a vision transformer (Dosovitskiy et al. 2021, equation 1, as CLIP has it:
 * without bias): pictures are cut into patches, each patch is projected linearly, a class token is
 * put in front and positions are added.
 *
 * <pre>
 * Equation   y_b,0 = class + pos_0;  y_b,1+g = W·patch_g(image_b) + pos_1+g
 * Shapes     images (B, 3, S, S); W (C, 3, P, P), taken as (C, K), K = 3·P²; class (C);
 *            pos (1+G², C), G = S/P; y (B, 1+G², C); patch g is row g/G and column g mod G
 * Traffic    read images and W once, write y once; 2·B·G²·K·C flops → compute-bound for large C
 * Method     a matrix multiplication whose left matrix, (B·G², K), is never stored: each task
 *            gathers a few patches, a slice of K at a time, into a scratch that stays in the cache
 * Backward   dW += Σ_bg dy_b,1+g ⊗ patch_g(image_b);  dPos += Σ_b dy_b;  dClass += Σ_b dy_b,0
 *            dImages: patch_g(dImage_b) = Wᵀ·dy_b,1+g
 * </pre>
 *
 * <p>Read {@code PatchEmbeddingReference} first: it is the equation in plain loops of double.
 */
@NullMarked
package dev.diptych.kernels.patchembedding;

import org.jspecify.annotations.NullMarked;
