package dev.diptych.clip.demo;

/**
 * One drawn thing. Lengths are fractions of the picture's side, y counts downwards.
 *
 * @param thing what it is
 * @param x the centre
 * @param y the centre
 * @param radius of the circle around it
 * @param turn rotation in radians, small enough to leave the shape recognisable
 * @param rgb the jittered colour as 0xRRGGBB
 */
public record SceneObject(Thing thing, double x, double y, double radius, double turn, int rgb) {}
