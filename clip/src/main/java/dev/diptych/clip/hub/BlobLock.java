package dev.diptych.clip.hub;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One at a time: a file lock among processes, and, since those belong to the whole Java machine, an
 * ordinary one among its threads. The file stays; deleting it would let two in.
 */
final class BlobLock implements AutoCloseable {
  private static final Map<Path, ReentrantLock> THREADS = new ConcurrentHashMap<>();

  private final ReentrantLock threads;
  private final FileChannel channel;

  private BlobLock(ReentrantLock threads, FileChannel channel) {
    this.threads = threads;
    this.channel = channel;
  }

  /** Waits until the lock is free; {@code waiting} is told first if it is not. */
  static BlobLock take(Path file, Runnable waiting) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    ReentrantLock threads = THREADS.computeIfAbsent(file, ignored -> new ReentrantLock());
    boolean told = false;
    if (!threads.tryLock()) {
      waiting.run();
      told = true;
      threads.lock();
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        if (!told) {
          waiting.run();
        }
        lock = channel.lock();
      }
      taken = lock.isValid();
      return new BlobLock(threads, channel);
    } finally {
      if (!taken) {
        if (channel != null) {
          channel.close();
        }
        threads.unlock();
      }
    }
  }

  @Override
  public void close() throws IOException {
    try {
      channel.close(); // lets the lock go
    } finally {
      threads.unlock();
    }
  }
}
