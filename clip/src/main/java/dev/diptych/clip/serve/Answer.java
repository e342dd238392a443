package dev.diptych.clip.serve;

import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/** What is sent back: a status, a media type and the bytes. */
@SuppressWarnings("ArrayRecordComponent") // written once, compared by nobody
record Answer(int status, String type, byte[] body) {
  private static final JsonMapper JSON = new JsonMapper();

  static Answer of(String type, byte[] body) {
    return new Answer(200, type, body);
  }

  /** {@code value} as JSON: records, lists, maps, numbers and strings. */
  static Answer json(Object value) {
    return of("application/json", JSON.writeValueAsBytes(value));
  }

  static Answer error(int status, String message) {
    return new Answer(
        status, "text/plain; charset=utf-8", message.getBytes(StandardCharsets.UTF_8));
  }
}
