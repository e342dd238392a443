package dev.diptych.clip.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import tools.jackson.databind.ObjectMapper;

/**
 * A hub in miniature on the loopback interface: the file API of Hugging Face's, with large files
 * behind a redirect. A {@link Mischief} may take any request and answer it as badly as it likes.
 *
 * <p>As a program it serves a folder that holds {@code owner/name/files}: {@code HubServer FOLDER
 * PORT}.
 */
public final class HubServer implements AutoCloseable {
  /** Something that goes wrong. */
  @FunctionalInterface
  interface Mischief {
    /** Answers and returns true, or leaves the request to the hub. */
    boolean takes(HttpExchange exchange) throws IOException;
  }

  private record Repo(String commit, Map<String, byte[]> files) {}

  private final HttpServer server;
  private final Map<String, Repo> repos = new ConcurrentHashMap<>();
  private final Map<String, byte[]> store = new ConcurrentHashMap<>();

  /** What was asked for, as {@code /path?query}, and with which headers. */
  record Request(String path, Map<String, List<String>> headers) {}

  final List<Request> requests = new CopyOnWriteArrayList<>();
  volatile Mischief mischief = exchange -> false;
  volatile boolean ranges = true;
  volatile int page = 1000;

  /** Where large files are said to be; another server's, to redirect there. */
  volatile URI storeAddress;

  /** A hub without models at a port, or at any free one if that is 0. */
  public HubServer(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::answer);
    server.start();
    storeAddress = endpoint();
  }

  /** Serves a folder until the program is ended. */
  public static void main(String[] args) throws IOException {
    HubServer hub = new HubServer(args.length > 1 ? Integer.parseInt(args[1]) : 0);
    Path root = Path.of(args[0]);
    for (Path owner : list(root)) {
      for (Path model : list(owner)) {
        Map<String, byte[]> files = new TreeMap<>();
        try (Stream<Path> paths = Files.walk(model)) {
          for (Path file : paths.filter(Files::isRegularFile).toList()) {
            String name = model.relativize(file).toString().replace('\\', '/');
            files.put(name, Files.readAllBytes(file));
          }
        }
        hub.add(owner.getFileName() + "/" + model.getFileName(), files);
      }
    }
    System.out.println(hub.endpoint());
  }

  private static List<Path> list(Path folder) throws IOException {
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(Files::isDirectory).sorted().toList();
    }
  }

  /** Where it is. */
  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /** Adds a model, or replaces it; returns its commit. */
  public String add(String repo, Map<String, byte[]> files) {
    StringBuilder all = new StringBuilder();
    for (Map.Entry<String, byte[]> file : new TreeMap<>(files).entrySet()) {
      all.append(file.getKey()).append(hash("SHA-256", file.getValue()));
      store.put(hash("SHA-256", file.getValue()), file.getValue());
    }
    String commit = hash("SHA-1", all.toString().getBytes(StandardCharsets.UTF_8));
    repos.put(repo, new Repo(commit, new TreeMap<>(files)));
    return commit;
  }

  /** How often something was asked for whose path contains {@code text}. */
  long count(String text) {
    return requests.stream().filter(request -> request.path().contains(text)).count();
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.add(
        new Request(exchange.getRequestURI().toString(), Map.copyOf(exchange.getRequestHeaders())));
    try (exchange) {
      if (!mischief.takes(exchange)) {
        String[] parts = exchange.getRequestURI().getPath().split("/", 7);
        if (parts[1].equals("api")) {
          api(exchange, parts);
        } else if (parts[1].equals("store")) {
          byte[] content = Objects.requireNonNull(store.get(parts[2]));
          send(exchange, content, "\"store-" + parts[2].substring(0, 8) + "\"");
        } else {
          resolve(exchange, parts);
        }
      }
    }
  }

  /** {@code /api/models/owner/name/revision|tree/…}. */
  private void api(HttpExchange exchange, String[] parts) throws IOException {
    Repo repo = repos.get(parts[3] + "/" + parts[4]);
    if (repo == null) {
      refuse(exchange, 401, "RepoNotFound");
    } else if (!parts[6].equals("main") && !parts[6].equals(repo.commit)) {
      refuse(exchange, 404, "RevisionNotFound");
    } else if (parts[5].equals("revision")) {
      json(exchange, Map.of("sha", repo.commit, "id", parts[3] + "/" + parts[4]));
    } else {
      tree(exchange, repo);
    }
  }

  private void tree(HttpExchange exchange, Repo repo) throws IOException {
    List<Map<String, Object>> entries = new ArrayList<>();
    entries.add(Map.of("type", "directory", "path", "folder", "oid", "0".repeat(40)));
    repo.files.forEach((name, content) -> entries.add(entry(name, content)));
    String query = exchange.getRequestURI().getQuery();
    int begin = query.contains("cursor=") ? Integer.parseInt(query.replaceAll("\\D", "")) : 0;
    int end = Math.min(entries.size(), begin + page);
    if (end < entries.size()) {
      String next = endpoint() + exchange.getRequestURI().getPath() + "?recursive=true&cursor=";
      exchange.getResponseHeaders().set("Link", "<" + next + end + ">; rel=\"next\"");
    }
    json(exchange, entries.subList(begin, end));
  }

  private static Map<String, Object> entry(String name, byte[] content) {
    Map<String, Object> entry = new TreeMap<>();
    entry.put("type", "file");
    entry.put("path", name);
    entry.put("size", content.length);
    entry.put("oid", gitHash(content));
    if (isLarge(name)) {
      entry.put("lfs", Map.of("oid", hash("SHA-256", content), "size", content.length));
    }
    return entry;
  }

  static boolean isLarge(String name) {
    return name.matches(".*\\.(safetensors|bin|pt|h5|msgpack)");
  }

  /** {@code /owner/name/resolve/commit/path}. */
  private void resolve(HttpExchange exchange, String[] parts) throws IOException {
    Repo repo = repos.get(parts[1] + "/" + parts[2]);
    String path = parts.length < 7 ? parts[5] : parts[5] + "/" + parts[6];
    byte[] content = repo == null ? null : repo.files.get(path);
    if (repo == null || content == null) {
      refuse(exchange, 404, "EntryNotFound");
      return;
    }
    exchange.getResponseHeaders().set("X-Repo-Commit", repo.commit);
    if (isLarge(path)) {
      String sha256 = hash("SHA-256", content);
      exchange.getResponseHeaders().set("X-Linked-ETag", "\"" + sha256 + "\"");
      exchange.getResponseHeaders().set("X-Linked-Size", "" + content.length);
      redirect(exchange, storeAddress + "/store/" + sha256);
    } else {
      send(exchange, content, "\"" + gitHash(content) + "\"");
    }
  }

  static void redirect(HttpExchange exchange, String location) throws IOException {
    exchange.getResponseHeaders().set("Location", location);
    exchange.sendResponseHeaders(302, -1);
  }

  static void refuse(HttpExchange exchange, int status, String code) throws IOException {
    if (!code.isEmpty()) {
      exchange.getResponseHeaders().set("X-Error-Code", code);
    }
    exchange.sendResponseHeaders(status, -1);
  }

  private static void json(HttpExchange exchange, Object value) throws IOException {
    byte[] bytes = new ObjectMapper().writeValueAsBytes(value);
    exchange.sendResponseHeaders(200, bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** Sends a file, or the range of it that is asked for. */
  void send(HttpExchange exchange, byte[] content, String etag) throws IOException {
    send(exchange, content, etag, Integer.MAX_VALUE);
  }

  /** The same, but the connection is cut after {@code most} bytes. */
  void send(HttpExchange exchange, byte[] content, String etag, int most) throws IOException {
    String range = exchange.getRequestHeaders().getFirst("Range");
    String ifRange = exchange.getRequestHeaders().getFirst("If-Range");
    int begin = 0;
    if (ranges && range != null && (ifRange == null || ifRange.equals(etag))) {
      begin = Integer.parseInt(range.replaceAll("\\D", ""));
      exchange
          .getResponseHeaders()
          .set(
              "Content-Range",
              "bytes %d-%d/%d".formatted(begin, content.length - 1, content.length));
    }
    exchange.getResponseHeaders().set("ETag", etag);
    int length = content.length - begin;
    exchange.sendResponseHeaders(begin > 0 ? 206 : 200, length == 0 ? -1 : length);
    OutputStream body = exchange.getResponseBody();
    body.write(content, begin, Math.min(length, most));
    body.flush();
  }

  static String gitHash(byte[] content) {
    byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
    return hash("SHA-1", header, content);
  }

  static String hash(String algorithm, byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance(algorithm);
      for (byte[] part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
