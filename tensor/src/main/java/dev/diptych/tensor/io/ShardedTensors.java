package dev.diptych.tensor.io;

import dev.diptych.kernels.memory.Floats;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * A checkpoint in several files, with an index such as {@code model.safetensors.index.json} that
 * says in its {@code weight_map} which tensor is in which file. The files lie beside the index.
 */
public final class ShardedTensors implements NamedTensors {
  private final Path index;
  private final Map<String, NamedTensors> shards = new LinkedHashMap<>(); // by file name
  private final Map<String, NamedTensors> byTensor = new LinkedHashMap<>();

  private ShardedTensors(Path index) {
    this.index = index;
  }

  /**
   * Opens an index and all its files.
   *
   * @throws NoSuchFileException if there is no such file
   * @throws TensorFileException if it is no index, names files outside its own folder, or a file of
   *     it is missing, damaged, or without a tensor that the index says is there
   */
  public static ShardedTensors open(Path index) throws IOException {
    ShardedTensors tensors = new ShardedTensors(index);
    try {
      tensors.openShards();
      return tensors;
    } catch (IOException | RuntimeException e) {
      tensors.close();
      throw e;
    }
  }

  private void openShards() throws IOException {
    for (Map.Entry<String, JsonNode> item : weightMap().properties()) {
      String name = item.getKey();
      String file = item.getValue().asString("");
      NamedTensors shard = shards.get(file);
      if (shard == null) {
        shard = openShard(file);
        shards.put(file, shard);
      }
      if (!shard.contains(name)) {
        throw fault("it says that tensor '%s' is in %s, which has none".formatted(name, file));
      }
      byTensor.put(name, shard);
    }
    if (byTensor.isEmpty()) {
      throw fault("its weight_map is empty");
    }
  }

  private JsonNode weightMap() throws IOException {
    JsonNode root;
    try {
      root = new ObjectMapper().readTree(Files.readString(index));
    } catch (JacksonException | CharacterCodingException e) {
      throw new TensorFileException(index + " is not the index of a checkpoint: no JSON", e);
    }
    if (!root.path("weight_map").isObject()) {
      throw fault("it has no weight_map");
    }
    return root.path("weight_map");
  }

  private NamedTensors openShard(String file) throws IOException {
    // A name and nothing else: an index must not reach files elsewhere.
    if (!file.matches("[\\w][\\w.+-]*") || file.equals(String.valueOf(index.getFileName()))) {
      throw fault("its files must lie beside it, found '%s'".formatted(file));
    }
    Path path = index.resolveSibling(file);
    if (!Files.exists(path)) {
      throw fault("its part %s is missing; fetch it again".formatted(file));
    }
    if (path.toString().endsWith(".json")) {
      throw fault("its part %s is an index itself".formatted(file));
    }
    return TensorFiles.open(path);
  }

  private TensorFileException fault(String what) {
    return new TensorFileException(index + " is not the index of a whole checkpoint: " + what);
  }

  @Override
  public Path file() {
    return index;
  }

  @Override
  public Set<String> names() {
    return Collections.unmodifiableSet(byTensor.keySet());
  }

  @Override
  public Map<String, String> metadata() {
    return shards.values().iterator().next().metadata();
  }

  @Override
  public Entry entry(String name) throws TensorFileException {
    return shard(name).entry(name);
  }

  @Override
  public void readFloats(String name, Floats target) throws IOException {
    shard(name).readFloats(name, target);
  }

  private NamedTensors shard(String name) throws TensorFileException {
    NamedTensors shard = byTensor.get(name);
    if (shard == null) {
      throw TensorFileException.missing(this, name);
    }
    return shard;
  }

  @Override
  public void close() throws IOException {
    IOException failure = null;
    for (NamedTensors shard : shards.values()) {
      try {
        shard.close();
      } catch (IOException e) {
        failure = e;
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
