package dev.diptych.clip.serve;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.diptych.clip.UserException;
import dev.diptych.clip.image.PictureException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * HTTP over the JDK's own server, on virtual threads: addresses to handlers, with everything
 * bounded that a stranger could make large. Bound to the loopback interface it answers only
 * requests that call it by a loopback name, so that no web page elsewhere can reach it by having
 * its own name point here (DNS rebinding), and never those that another site's page sends.
 */
final class WebServer implements AutoCloseable {
  /** Largest body of a request: a photograph. */
  static final int MAX_BODY = 32 << 20;

  private static final System.Logger LOG = System.getLogger(WebServer.class.getName());
  private static final int MAX_AT_ONCE = 64;
  private static final String PAGE_ONLY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:;"
          + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private static final Map<String, String> FILES =
      Map.of(
          "/", "text/html; charset=utf-8",
          "/page.js", "text/javascript; charset=utf-8",
          "/page.css", "text/css; charset=utf-8");

  /** Answers requests. */
  @FunctionalInterface
  interface Handler {
    Answer answer(Request request) throws IOException;
  }

  /** Which requests a handler answers: one method at one path. */
  record Route(String method, String path, Handler handler) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Semaphore places = new Semaphore(MAX_AT_ONCE);
  private final boolean loopback;

  /**
   * A server that answers from now on, at {@link #address}.
   *
   * @param host what to bind to: {@code localhost}, or {@code 0.0.0.0} for the whole network
   * @param port 0 takes a free one
   * @throws UserException if the address cannot be bound
   */
  WebServer(String host, int port, List<Route> routes) {
    System.setProperty("sun.net.httpserver.maxReqTime", "60"); // seconds, before it is given up
    System.setProperty("sun.net.httpserver.maxRspTime", "60");
    try {
      InetAddress address = InetAddress.getByName(host);
      loopback = address.isLoopbackAddress();
      server = HttpServer.create(new InetSocketAddress(address, port), 0);
    } catch (UnknownHostException e) {
      throw new UserException("there is no host '" + host + "' to bind to", e);
    } catch (IOException | IllegalArgumentException e) {
      throw new UserException(
          "%s:%d cannot be bound: %s; choose another --port".formatted(host, port, e.getMessage()),
          e);
    }
    server.setExecutor(threads);
    FILES.forEach(
        (path, type) -> add(new Route("GET", path, request -> Answer.of(type, resource(path)))));
    routes.forEach(this::add);
    server.start();
  }

  /** Where it listens. */
  InetSocketAddress address() {
    return server.getAddress();
  }

  private static byte[] resource(String path) throws IOException {
    String name = path.equals("/") ? "page.html" : path.substring(1);
    try (InputStream in = Objects.requireNonNull(WebServer.class.getResourceAsStream(name), name)) {
      return in.readAllBytes();
    }
  }

  private void add(Route route) {
    server.createContext(route.path(), exchange -> handle(route, exchange));
  }

  private void handle(Route route, HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      if (!places.tryAcquire()) {
        answer = Answer.error(503, "too many requests at once; try again");
      } else {
        try {
          answer = answer(route, exchange);
        } finally {
          places.release();
        }
      }
      send(exchange, answer);
    } catch (IOException e) { // the browser went away
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", exchange.getRequestURI(), e.toString());
    }
  }

  private Answer answer(Route route, HttpExchange exchange) throws IOException {
    try {
      if (!exchange.getRequestURI().getPath().equals(route.path())) {
        throw new HttpError(404, "there is nothing at this address");
      }
      if (!exchange.getRequestMethod().equals(route.method())) {
        throw new HttpError(405, "this address answers " + route.method());
      }
      checkSender(exchange.getRequestHeaders());
      return route.handler().answer(new Request(exchange, MAX_BODY));
    } catch (HttpError e) {
      return Answer.error(e.status(), String.valueOf(e.getMessage()));
    } catch (UserException | PictureException e) {
      return Answer.error(400, String.valueOf(e.getMessage()));
    } catch (RuntimeException | OutOfMemoryError e) {
      LOG.log(System.Logger.Level.ERROR, "answering " + exchange.getRequestURI() + " failed", e);
      return Answer.error(500, "the server failed to answer; its log says why");
    }
  }

  /** Refuses requests that came under another name, or from the page of another site. */
  private void checkSender(Headers headers) {
    String host = headers.getFirst("Host");
    if (host == null || (loopback && !isLoopback(host))) {
      throw new HttpError(
          421, "this server is called localhost, not '%s'".formatted(host == null ? "" : host));
    }
    @Nullable String origin = headers.getFirst("Origin");
    if (origin != null && !origin.equals("http://" + host)) {
      throw new HttpError(403, "only the server's own page may ask");
    }
  }

  private static boolean isLoopback(String host) {
    String name = host.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT);
    return name.equals("localhost") || name.equals("127.0.0.1") || name.equals("[::1]");
  }

  private static void send(HttpExchange exchange, Answer answer) throws IOException {
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", answer.type());
    headers.set("Content-Security-Policy", PAGE_ONLY);
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Referrer-Policy", "no-referrer");
    headers.set("Cache-Control", "no-cache");
    if (exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(answer.status(), -1);
      return;
    }
    exchange.sendResponseHeaders(
        answer.status(), answer.body().length == 0 ? -1 : answer.body().length);
    if (answer.body().length > 0) {
      try (OutputStream out = exchange.getResponseBody()) {
        out.write(answer.body());
      }
    }
  }

  /** Stops listening; requests under way have a second to end. */
  @Override
  public void close() {
    server.stop(1);
    threads.shutdownNow();
  }
}
