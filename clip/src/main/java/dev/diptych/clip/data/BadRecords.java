package dev.diptych.clip.data;

import dev.diptych.clip.UserException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

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
  private final List<String> first = new ArrayList<>();
  private long total;

  /** Nothing bad so far in the source called {@code source}. */
  public BadRecords(String source, BadLimit limit) {
    this.source = source;
    this.limit = limit;
  }

  /** Notes that {@code record} is bad; {@code detail} says what exactly is wrong. */
  public synchronized void add(BadReason reason, String record, String detail) {
    if (!known.add(reason + " " + record)) {
      return;
    }
    counts.merge(reason, 1L, Long::sum);
    total++;
    String line = record + ": " + reason.text() + (detail.isEmpty() ? "" : " (" + detail + ")");
    if (first.size() < NAMED_IN_ERROR) {
      first.add(line);
    }
    if (total <= NAMED_IN_LOG) {
      LOG.log(System.Logger.Level.WARNING, "skipped {0}", line);
    } else if (total == NAMED_IN_LOG + 1) {
      LOG.log(System.Logger.Level.WARNING, "more bad records follow and are counted only");
    }
  }

  /**
   * Refuses to go on when too many records are bad.
   *
   * @param good how many good records stand beside the bad ones
   * @throws UserException past the limit, naming the first bad records
   */
  public synchronized void check(long good) {
    long records = good + total;
    if (total > limit.allowed(records)) {
      throw new UserException(
          String.format(
              "%s: %,d of %,d records are bad, more than the %,d allowed (%s). The first:%n  %s%n"
                  + "Repair the data, or allow more with --max-bad or --max-bad-fraction.",
              source,
              total,
              records,
              limit.allowed(records),
              byReason(),
              String.join(System.lineSeparator() + "  ", first)));
    }
  }

  /** How many records were bad. */
  public synchronized long total() {
    return total;
  }

  /** How many records were bad for this reason. */
  public synchronized long count(BadReason reason) {
    return counts.getOrDefault(reason, 0L);
  }

  /** One line for a log, such as {@code 3 bad records skipped (2 no caption, 1 damaged shard)}. */
  public synchronized String summary() {
    return total == 0
        ? "no bad records"
        : total + (total == 1 ? " bad record" : " bad records") + " skipped (" + byReason() + ")";
  }

  private String byReason() {
    List<String> parts = new ArrayList<>();
    counts.forEach((reason, count) -> parts.add(count + " " + reason.text()));
    return String.join(", ", parts);
  }

  /** The first few, one line each, for the error when too little is left. */
  public synchronized String firstFew() {
    return String.join(System.lineSeparator() + "  ", first);
  }
}
