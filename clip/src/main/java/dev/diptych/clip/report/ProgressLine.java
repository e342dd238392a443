package dev.diptych.clip.report;

import java.io.PrintStream;
import java.util.Locale;
import java.util.function.DoubleFunction;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/**
 * Tells how far a piece of work is, how fast it goes and when it will be done: on a terminal one
 * line that is rewritten, elsewhere (a log, a pipe) a plain line now and then and one at the end.
 *
 * <p>Safe for use by several threads.
 */
public final class ProgressLine implements AutoCloseable {
  private static final long REWRITE_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 10_000_000_000L;
  private static final int BAR = 20;

  private final PrintStream out;
  private final boolean terminal;
  private final String label;
  private final long total;
  private final LongFunction<String> amounts;
  private final DoubleFunction<String> rates;
  private final LongSupplier nanoClock;
  private final long startNanos;
  private long before;
  private long done;
  private long shownNanos;
  private boolean closed;

  /**
   * Work of which {@code total} is known, or −1.
   *
   * @param amounts an amount in words, such as {@code 12.5 MB}
   * @param rates the same of what is done in a second
   * @param nanoClock as {@link System#nanoTime}
   */
  ProgressLine(
      PrintStream out,
      boolean terminal,
      String label,
      long total,
      LongFunction<String> amounts,
      DoubleFunction<String> rates,
      LongSupplier nanoClock) {
    this.out = out;
    this.terminal = terminal;
    this.label = label;
    this.total = total;
    this.amounts = amounts;
    this.rates = rates;
    this.nanoClock = nanoClock;
    this.startNanos = nanoClock.getAsLong();
    this.shownNanos = terminal ? startNanos - REWRITE_NANOS : startNanos;
  }

  /**
   * Work counted in things, such as pictures.
   *
   * @param total how many there are, or −1 if nobody knows
   * @param noun what they are, in the plural
   */
  public static ProgressLine items(PrintStream out, String label, long total, String noun) {
    return new ProgressLine(
        out,
        Terminal.isOutput(),
        label,
        total,
        amount -> String.format(Locale.ROOT, "%,d %s", amount, noun),
        rate -> rate(rate) + " " + noun,
        System::nanoTime);
  }

  /** Work counted in bytes; {@code total} may be −1 if nobody knows. */
  public static ProgressLine bytes(PrintStream out, String label, long total) {
    return new ProgressLine(
        out,
        Terminal.isOutput(),
        label,
        total,
        ProgressLine::byteCount,
        rate -> byteCount((long) rate),
        System::nanoTime);
  }

  /** Says that {@code amount} was there before the start: it counts as done, but not for speed. */
  public synchronized void startAt(long amount) {
    done += amount - before;
    before = amount;
  }

  /** Says that {@code amount} more is done; a negative amount takes back what has to be redone. */
  public synchronized void add(long amount) {
    done += amount;
    long now = nanoClock.getAsLong();
    if (now - shownNanos >= (terminal ? REWRITE_NANOS : PLAIN_NANOS)) {
      shownNanos = now;
      show(now, false);
    }
  }

  /** Prints a line of its own, such as a warning, without tearing the progress line. */
  public synchronized void say(String line) {
    out.println(terminal ? "\r\u001b[K" + line : line);
  }

  /** Shows where it ended. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      show(nanoClock.getAsLong(), true);
    }
  }

  private void show(long now, boolean last) {
    double seconds = (now - startNanos) * 1e-9;
    double perSecond = Math.max(0, done - before) / Math.max(1e-9, seconds);
    StringBuilder line = new StringBuilder(label).append("  ");
    if (total > 0) {
      long part = Math.min(BAR, BAR * Math.max(0, done) / total);
      if (terminal) {
        line.append('[').repeat('=', (int) part).repeat(' ', (int) (BAR - part)).append("] ");
      }
      line.append(String.format(Locale.ROOT, "%3d %%  ", 100 * done / total));
      line.append(amounts.apply(done)).append(" of ").append(amounts.apply(total));
    } else {
      line.append(amounts.apply(done));
    }
    line.append("  ").append(rates.apply(perSecond)).append("/s");
    if (last) {
      line.append("  in ").append(duration((long) seconds));
    } else if (total > 0 && perSecond > 0) {
      line.append("  eta ").append(duration((long) ((total - done) / perSecond)));
    }
    if (terminal) {
      out.print("\r\u001b[K" + line + (last ? System.lineSeparator() : ""));
      out.flush();
    } else {
      out.println(line);
    }
  }

  /** A span of time as 1:05 (minutes and seconds) or 2:01:05. */
  public static String duration(long seconds) {
    return seconds >= 3600
        ? "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60)
        : "%d:%02d".formatted(seconds / 60, seconds % 60);
  }

  /** How many things are done in a second: whole ones, tenths below ten. */
  public static String rate(double perSecond) {
    return String.format(Locale.ROOT, perSecond < 9.95 ? "%.1f" : "%,.0f", perSecond);
  }

  /** A number of bytes in the decimal units in which files are advertised: 605.2 MB. */
  public static String byteCount(long bytes) {
    if (bytes < 1000) {
      return bytes + " B";
    }
    String[] units = {"kB", "MB", "GB", "TB", "PB", "EB"};
    double value = bytes / 1000.0;
    int unit = 0;
    while (value >= 999.95) {
      value /= 1000;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }
}
