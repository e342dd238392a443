package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.List;

/** A source whose examples are all known, in the order of the files; example i has pictureId i. */
public final class IndexedSource implements DataSource {
  private final String name;
  private final List<Example> examples;
  private final BadRecords bad;

  /**
   * A source of these examples, renumbered from 0.
   *
   * @throws UserException when there is not one, or too many records were bad
   */
  IndexedSource(String name, List<Example> examples, BadRecords bad) {
    bad.check(examples.size());
    if (examples.isEmpty()) {
      throw new UserException(
          name
              + ": holds no usable picture"
              + (bad.total() == 0
                  ? ""
                  : "; " + bad.summary() + ". The first:\n  " + bad.firstFew()));
    }
    this.name = name;
    this.bad = bad;
    List<Example> numbered = new ArrayList<>(examples.size());
    for (Example example : examples) {
      numbered.add(example.withPictureId(numbered.size()));
    }
    this.examples = List.copyOf(numbered);
  }

  /**
   * A source of examples made in memory, renumbered from 0.
   *
   * @throws UserException when there is not one
   */
  public static IndexedSource of(String name, List<Example> examples, BadLimit limit) {
    return new IndexedSource(name, examples, new BadRecords(name, limit));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public BadRecords bad() {
    return bad;
  }

  /** How many pictures with captions there are. */
  public int size() {
    return examples.size();
  }

  /** Example {@code index}, from 0 on. */
  public Example example(int index) {
    return examples.get(index);
  }

  /** All examples. */
  public List<Example> examples() {
    return examples;
  }

  /** How many captions there are: at least as many as pictures. */
  public long captionCount() {
    long count = 0;
    for (Example example : examples) {
      count += example.captions().size();
    }
    return count;
  }
}
