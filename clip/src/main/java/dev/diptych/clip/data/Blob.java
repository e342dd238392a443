package dev.diptych.clip.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Bytes that can be read again and again: a file, a member of a shard, or memory. */
public sealed interface Blob {
  /** More than this is no picture and no caption that we would load whole into memory. */
  int MAX_BYTES = 1 << 28;

  /** What to call it in messages, such as {@code a.tar:dog/17.jpg}. */
  String name();

  /**
   * All its bytes.
   *
   * @throws IOException when the file is gone, is shorter than it was, or is over 256 MiB
   */
  byte[] read() throws IOException;

  /** A whole file. */
  record WholeFile(Path path) implements Blob {
    @Override
    public String name() {
      return path.toString();
    }

    @Override
    public byte[] read() throws IOException {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        return readFully(channel, 0, channel.size(), path.toString());
      }
    }
  }

  /** {@code length} bytes of a file from {@code offset} on: a member of a tar shard. */
  record FilePart(Path path, long offset, long length, String member) implements Blob {
    @Override
    public String name() {
      return path + ":" + member;
    }

    @Override
    public byte[] read() throws IOException {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        return readFully(channel, offset, length, name());
      }
    }
  }

  /** Bytes in memory, which the caller must not change. */
  record InMemory(String name, byte[] bytes) implements Blob {
    @Override
    public byte[] read() {
      return bytes;
    }
  }

  private static byte[] readFully(FileChannel channel, long offset, long length, String name)
      throws IOException {
    if (length > MAX_BYTES) {
      throw new IOException(name + " holds " + length + " bytes, more than " + MAX_BYTES);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, offset + bytes.position()) < 0) {
        throw new EOFException(
            name + " ends after " + bytes.position() + " of its " + length + " bytes");
      }
    }
    return bytes.array();
  }
}
