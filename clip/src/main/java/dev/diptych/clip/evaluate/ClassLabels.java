package dev.diptych.clip.evaluate;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Which class a label means. A label is what a data set writes beside a picture: a class's name,
 * its number from 0, or the name of the folder that its pictures lie in.
 */
public final class ClassLabels {
  private static final String NUMBER = "\\d{1,7}";

  private final List<String> names;
  private final Map<String, Integer> numbers = new HashMap<>();

  private ClassLabels(List<String> names) {
    this.names = List.copyOf(names);
  }

  /**
   * Labels that mean the classes of these names: a name itself, with spaces or with underscores, or
   * else a number.
   */
  public static ClassLabels of(List<String> names) {
    ClassLabels classes = new ClassLabels(names);
    for (int i = 0; i < names.size(); i++) {
      classes.numbers.put(Integer.toString(i), i);
    }
    for (int i = 0; i < names.size(); i++) { // a name goes before a number
      classes.numbers.put(names.get(i).replace(' ', '_'), i);
      classes.numbers.put(names.get(i), i);
    }
    return classes;
  }

  /**
   * Classes found in the labels themselves. If all are numbers, there are as many classes as the
   * largest says; otherwise each label is a class, in alphabetical order as torchvision's
   * ImageFolder numbers them, and its name is the label with spaces for underscores.
   */
  public static ClassLabels found(Collection<String> labels) {
    TreeSet<String> sorted = new TreeSet<>(labels);
    if (sorted.stream().allMatch(label -> label.matches(NUMBER))) {
      int largest = sorted.stream().mapToInt(Integer::parseInt).max().orElse(-1);
      return of(IntStream.rangeClosed(0, largest).mapToObj(Integer::toString).toList());
    }
    ClassLabels classes = new ClassLabels(sorted.stream().map(l -> l.replace('_', ' ')).toList());
    int number = 0;
    for (String label : sorted) {
      classes.numbers.put(label, number++);
    }
    return classes;
  }

  /**
   * The same, if it knows all of {@code labels}. Otherwise, if there are as many different labels
   * as classes, they are taken in alphabetical order: so ImageNet's folders, called by synset such
   * as {@code n01440764}, belong to ImageNet's list of names.
   */
  public ClassLabels fitTo(Collection<String> labels) {
    TreeSet<String> sorted = new TreeSet<>(labels);
    if (sorted.size() != names.size() || numbers.keySet().containsAll(sorted)) {
      return this;
    }
    ClassLabels classes = new ClassLabels(names);
    int number = 0;
    for (String label : sorted) {
      classes.numbers.put(label, number++);
    }
    return classes;
  }

  /** The number of the class that a label means, or −1 if it means none. */
  public int indexOf(String label) {
    return numbers.getOrDefault(label.strip(), -1);
  }

  /** The names of the classes, in the order of their numbers. */
  public List<String> names() {
    return names;
  }

  /** How many classes there are, K. */
  public int size() {
    return names.size();
  }

  /** What a label may be, for messages. */
  public String expected() {
    return "one of the %d names of classes nor a number from 0 to %d"
        .formatted(names.size(), names.size() - 1);
  }
}
