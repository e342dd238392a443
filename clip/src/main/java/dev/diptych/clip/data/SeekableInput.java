package dev.diptych.clip.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file as a stream that knows where it stands and skips without reading, so that walking a shard
 * touches its headers and captions only.
 */
final class SeekableInput extends InputStream {
  private final FileChannel channel;
  private final long size;
  private final ByteBuffer buffer = ByteBuffer.allocate(8192).flip();
  private long bufferEnd;

  SeekableInput(Path file) throws IOException {
    channel = FileChannel.open(file, StandardOpenOption.READ);
    size = channel.size();
  }

  /** How many bytes the file holds. */
  long size() {
    return size;
  }

  /** The place in the file of the next byte to be read. */
  long position() {
    return bufferEnd - buffer.remaining();
  }

  /**
   * Fills {@code bytes} with what stands at {@code place}, and stays where it is.
   *
   * @return how many bytes there were
   */
  int peek(long place, byte[] bytes) throws IOException {
    ByteBuffer into = ByteBuffer.wrap(bytes);
    while (into.hasRemaining()) {
      if (channel.read(into, place + into.position()) < 0) {
        break;
      }
    }
    return into.position();
  }

  @Override
  public int read() throws IOException {
    return fill() ? buffer.get() & 0xFF : -1;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (!fill()) {
      return -1;
    }
    int count = Math.min(length, buffer.remaining());
    buffer.get(bytes, offset, count);
    return count;
  }

  @Override
  public long skip(long count) {
    long target = Math.min(size, position() + Math.max(0, count));
    long skipped = target - position();
    if (skipped <= buffer.remaining()) {
      buffer.position(buffer.position() + (int) skipped);
    } else {
      buffer.position(buffer.limit());
      bufferEnd = target;
    }
    return skipped;
  }

  @Override
  public int available() {
    return (int) Math.min(Integer.MAX_VALUE, size - position());
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  private boolean fill() throws IOException {
    if (buffer.hasRemaining()) {
      return true;
    }
    buffer.clear();
    int count = channel.read(buffer, bufferEnd);
    buffer.flip();
    bufferEnd += Math.max(0, count);
    return count > 0;
  }
}
