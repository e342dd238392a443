package com.example;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.image.PictureDecoder;
import java.nio.file.Path;
import java.util.List;

/** Which of some texts fits a picture best? {@code Embed MODEL PICTURE TEXT...} */
public final class Embed {
  public static void main(String[] arguments) {
    List<String> texts = List.of(arguments).subList(2, arguments.length);
    try (Diptych model = Diptych.load(Path.of(arguments[0]))) {
      float[] picture = model.embedPictures(List.of(PictureDecoder.read(Path.of(arguments[1]))))[0];
      float[][] embedded = model.embedTexts(texts);
      for (int i = 0; i < embedded.length; i++) {
        System.out.printf("%.4f  %s%n", cosine(picture, embedded[i]), texts.get(i));
      }
    }
  }

  private static double cosine(float[] a, float[] b) { // both of length 1
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
