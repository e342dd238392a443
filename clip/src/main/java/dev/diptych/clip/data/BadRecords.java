package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The bad records of one source: counted by reason, the first ones named in the log, and too many
 * of them refused. The same record is counted once, however often it comes by.
 *
 * <p>Safe for use by several threads.
 */
public final class BadRecords {
  private static final System.Logger LOG = System.getLogger(BadRecords.class.getName());
  private static final int NAMED_IN_LOG = 20;
  private static final int NAMED_IN_ERROR = 5;

  private final String source;
  private final BadLimit limit;
  private final Map<BadReason, Long> counts = new EnumMap<>(BadReason.class);
  private final Set<String> known = new HashSet<>();
  private final List<Bad> all = new ArrayList<>();

  /**
   * A record that was skipped.
   *
   * @param reason why
   * @param record what the data set calls it
   * @param detail what exactly is wrong, or ""
   */
  public record Bad(BadReason reason, String record, String detail) {
    @Override
    public String toString() {
      return record + ": " + reason.text() + (detail.isEmpty() ? "" : " (" + detail + ")");
    }
  }

  /** Nothing bad so far in the source called {@code source}. */
  public BadRecords(String source, BadLimit limit) {
    this.source = source;
    this.limit = limit;
  }

  /** Notes that {@code record} is bad; {@code detail} says what exactly is wrong. */
  public synchronized void add(BadReason reason, String record, String detail) {
    Bad one = new Bad(reason, record, detail);
    if (!count(one)) {
      return;
    }
    if (all.size() <= NAMED_IN_LOG) {
      LOG.log(System.Logger.Level.WARNING, "skipped {0}", one);
    } else if (all.size() == NAMED_IN_LOG + 1) {
      LOG.log(System.Logger.Level.WARNING, "more bad records follow and are counted only");
    }
  }

  /** Counts a record that was named in the log before, by a run that this one goes on from. */
  public synchronized void addKnown(Bad one) {
    count(one);
  }

  private boolean count(Bad one) {
    if (!known.add(one.reason() + " " + one.record())) {
      return false;
    }
    counts.merge(one.reason(), 1L, Long::sum);
    all.add(one);
    return true;
  }

  /** All of them after the first {@code from}, in the order in which they were met. */
  public synchronized List<Bad> after(long from) {
    return List.copyOf(all.subList(Math.toIntExact(from), all.size()));
  }

  /**
   * Refuses to go on when too many records are bad.
   *
   * @param good how many good records stand beside the bad ones
   * @throws UserException past the limit, naming the first bad records
   */
  public synchronized void check(long good) {
    long total = all.size();
    long records = good + total;
    if (total > limit.allowed(records)) {
      throw new UserException(
          String.format(
              "%s: %,d of %,d records are bad, more than the %,d allowed (%s). The first:%n  %s%n"
                  + "Repair the data, or allow more with --max-bad or --max-bad-fraction.",
              source, total, records, limit.allowed(records), byReason(), firstFew()));
    }
  }

  /** How many records were bad. */
  public synchronized long total() {
    return all.size();
  }

  /** How many records were bad for this reason. */
  public synchronized long count(BadReason reason) {
    return counts.getOrDefault(reason, 0L);
  }

  /** One line for a log, such as {@code 3 bad records skipped (2 no caption, 1 damaged shard)}. */
  public synchronized String summary() {
    return all.isEmpty()
        ? "no bad records"
        : all.size()
            + (all.size() == 1 ? " bad record" : " bad records")
            + " skipped ("
            + byReason()
            + ")";
  }

  /** What is wrong, without the record's name, which such messages often begin with. */
  public static String withoutName(String message, String record) {
    return message.startsWith(record)
        ? message.substring(record.length()).replaceFirst("^[: ]+", "")
        : message;
  }

  private String byReason() {
    List<String> parts = new ArrayList<>();
    counts.forEach((reason, count) -> parts.add(count + " " + reason.text()));
    return String.join(", ", parts);
  }

  /** The first few, one line each, for the error when too little is left. */
  public synchronized String firstFew() {
    return all.stream()
        .limit(NAMED_IN_ERROR)
        .map(Bad::toString)
        .collect(Collectors.joining(System.lineSeparator() + "  "));
  }
}
