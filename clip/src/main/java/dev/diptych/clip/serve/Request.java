package dev.diptych.clip.serve;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One question of the page: parameters in the address, and the bytes of a picture as the body. Both
 * are bounded.
 */
final class Request {
  /** Longest query string, in bytes. */
  static final int MAX_QUERY = 1 << 16;

  private final HttpExchange exchange;
  private final int maxBody;
  private final Map<String, String> parameters;

  Request(HttpExchange exchange, int maxBody) {
    this.exchange = exchange;
    this.maxBody = maxBody;
    this.parameters = parse(exchange.getRequestURI().getRawQuery());
  }

  private static Map<String, String> parse(@Nullable String query) {
    Map<String, String> parameters = new LinkedHashMap<>();
    if (query == null || query.isEmpty()) {
      return parameters;
    }
    if (query.length() > MAX_QUERY) {
      throw new HttpError(414, "the address is longer than " + MAX_QUERY + " bytes");
    }
    for (String pair : query.split("&", -1)) {
      int equals = pair.indexOf('=');
      String name = equals < 0 ? pair : pair.substring(0, equals);
      String value = equals < 0 ? "" : pair.substring(equals + 1);
      try {
        parameters.put(
            URLDecoder.decode(name, StandardCharsets.UTF_8),
            URLDecoder.decode(value, StandardCharsets.UTF_8));
      } catch (IllegalArgumentException e) {
        throw new HttpError(400, "the address has a broken % escape in " + name);
      }
    }
    return parameters;
  }

  /** The parameter, stripped, or "" if it is absent. */
  String text(String name, int maxLength) {
    String value = parameters.getOrDefault(name, "").strip();
    if (value.length() > maxLength) {
      throw new HttpError(
          400, name + " has " + value.length() + " characters, more than " + maxLength);
    }
    return value;
  }

  /** A whole number from {@code least} to {@code most}; {@code otherwise} if it is absent. */
  int number(String name, int least, int most, int otherwise) {
    String value = text(name, 20);
    if (value.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // answered below
    }
    throw new HttpError(
        400,
        "%s must be a whole number from %d to %d, found '%s'".formatted(name, least, most, value));
  }

  /** The whole body. */
  byte[] body() throws IOException {
    try (InputStream in = exchange.getRequestBody()) {
      byte[] body = in.readNBytes(maxBody + 1);
      if (body.length > maxBody) {
        throw new HttpError(413, "the body is larger than " + maxBody + " bytes");
      }
      return body;
    }
  }
}
