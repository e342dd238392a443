package dev.diptych.clip.serve;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.data.Blob;
import dev.diptych.clip.explain.HeatMap;
import dev.diptych.clip.explain.Method;
import dev.diptych.clip.explain.PictureExplainer;
import dev.diptych.clip.image.Bicubic;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.image.PngEncoder;
import dev.diptych.clip.retrieval.PictureIndex;
import dev.diptych.clip.retrieval.PictureIndex.Hit;
import dev.diptych.clip.retrieval.PictureIndex.Search;
import dev.diptych.clip.retrieval.Query;
import dev.diptych.clip.zeroshot.ZeroShotClassifier;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One web page over an index: search by words, search by a picture that is dropped on it, which of
 * some labels a picture shows, and where in it a text is seen.
 *
 * <p>A question about a picture carries either its bytes, as the body, or the {@code key} of a
 * picture of the index; nothing outside the index can be named. The model answers one question at a
 * time; others wait.
 */
public final class SearchPage implements AutoCloseable {
  private static final int MAX_TEXT = 1000;
  private static final int MAX_LABELS = 8000;
  private static final int MAX_KEY = 8192;
  private static final int MAX_TOP = 200;
  private static final int LARGEST_PICTURE = 1024;
  private static final long WAIT_SECONDS = 30;

  private final Diptych model;
  private final PictureIndex index;
  private final String modelName;
  private final ReentrantLock modelInUse = new ReentrantLock(true);
  private final WebServer server;

  /** What the page shows at its head. */
  record About(int pictures, String model) {}

  /** What a search found, among how many pictures, and how. */
  record Found(List<Hit> hits, int pictures, String search) {}

  /** What a picture shows, most probable first. */
  record Named(List<Prediction> predictions) {}

  /**
   * Serves {@code index} from now on.
   *
   * @param model the one that made the index; used by this page alone from now on
   * @param host what to bind to: {@code localhost}, or {@code 0.0.0.0} for the whole network
   * @param port 0 takes a free one
   * @throws dev.diptych.clip.UserException if the address cannot be bound
   */
  public SearchPage(Diptych model, PictureIndex index, String modelName, String host, int port) {
    this.model = model;
    this.index = index;
    this.modelName = modelName;
    server =
        new WebServer(
            host,
            port,
            List.of(
                new WebServer.Route("GET", "/api/about", request -> about()),
                new WebServer.Route("GET", "/picture", this::picture),
                new WebServer.Route("POST", "/api/search", this::search),
                new WebServer.Route("POST", "/api/classify", this::classify),
                new WebServer.Route("POST", "/api/heatmap", this::heatMap)));
  }

  /** Where it listens. */
  public InetSocketAddress address() {
    return server.address();
  }

  private Answer about() {
    return Answer.json(new About(index.size(), modelName));
  }

  private Answer search(Request request) throws IOException {
    String text = request.text("text", MAX_TEXT);
    String without = request.text("without", MAX_TEXT);
    int top = request.number("top", 1, MAX_TOP, 24);
    Picture like = shown(request);
    if (text.isEmpty() && like == null) {
      throw new HttpError(400, "there is nothing to look for: give a text or a picture");
    }
    Query query = new Query();
    if (!text.isEmpty()) {
      query.plus(text);
    }
    if (!without.isEmpty()) {
      query.minus(without);
    }
    if (like != null) {
      query.plus(like);
    }
    float[] vector = withModel(() -> query.vector(model));
    String how = index.isExact(Search.AUTO) ? "exact" : "approximate";
    return Answer.json(new Found(index.search(vector, top, Search.AUTO), index.size(), how));
  }

  private Answer classify(Request request) throws IOException {
    List<String> labels =
        request
            .text("labels", MAX_LABELS)
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .toList();
    if (labels.size() < 2) {
      throw new HttpError(400, "give at least two labels to choose from, one a line");
    }
    Picture picture = needed(request);
    return Answer.json(
        new Named(
            withModel(() ->
                new ZeroShotClassifier(model, labels, List.of("{}"))
                    .classify(model.embedPictures(List.of(picture))[0]))));
  }

  private Answer heatMap(Request request) throws IOException {
    String text = request.text("text", MAX_TEXT);
    if (text.isEmpty()) {
      throw new HttpError(400, "give a text to look for in the picture");
    }
    Picture picture = atMost(needed(request), LARGEST_PICTURE);
    HeatMap map =
        withModel(() ->
            new PictureExplainer(model)
                .explain(picture, text, Method.usual(model.clip().vision())));
    return Answer.of("image/png", PngEncoder.encode(map.overlay(picture)));
  }

  private Answer picture(Request request) throws IOException {
    int size = request.number("size", 16, LARGEST_PICTURE, LARGEST_PICTURE);
    return Answer.of("image/png", PngEncoder.encode(atMost(indexed(request), size)));
  }

  private Picture indexed(Request request) throws IOException {
    Blob blob = index.picture(request.text("key", MAX_KEY));
    return PictureDecoder.decode(blob.read(), blob.name());
  }

  private Picture needed(Request request) throws IOException {
    Picture picture = shown(request);
    if (picture == null) {
      throw new HttpError(400, "choose a picture of the index, or send one");
    }
    return picture;
  }

  /** The picture that a question is about, or null. */
  private @Nullable Picture shown(Request request) throws IOException {
    if (!request.text("key", MAX_KEY).isEmpty()) {
      return indexed(request);
    }
    byte[] sent = request.body();
    return sent.length == 0 ? null : PictureDecoder.decode(sent, "the picture");
  }

  /** {@code picture}, made smaller if its longer side has more than {@code side} pixels. */
  private static Picture atMost(Picture picture, int side) {
    int longer = Math.max(picture.width(), picture.height());
    if (longer <= side) {
      return picture;
    }
    return Bicubic.resize(
        picture,
        Math.max(1, (int) ((long) picture.width() * side / longer)),
        Math.max(1, (int) ((long) picture.height() * side / longer)));
  }

  private <T> T withModel(Supplier<T> question) {
    try {
      if (!modelInUse.tryLock(WAIT_SECONDS, TimeUnit.SECONDS)) {
        throw new HttpError(503, "the model is busy with other questions; try again");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new HttpError(503, "the server is stopping");
    }
    try {
      return question.get();
    } finally {
      modelInUse.unlock();
    }
  }

  /** Stops answering; the model and the index stay open. */
  @Override
  public void close() {
    server.close();
  }
}
