package dev.diptych.clip.cli;

import dev.diptych.clip.data.Example;
import dev.diptych.clip.report.Csv;
import dev.diptych.clip.zeroshot.NoneOfThese;
import dev.diptych.clip.zeroshot.ZeroShotClassifier.Prediction;
import java.io.IOException;
import java.io.Writer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** How {@code classify} writes its answers. */
enum PredictionFormat {
  /** For people: the picture, then a line a label. */
  TABLE {
    @Override
    void write(Writer out, Answer answer) throws IOException {
      out.write(answer.example().picture().name() + NEWLINE);
      NoneOfThese none = answer.none();
      if (none != null && none.isNone(answer.score())) {
        out.write("            none of these" + NEWLINE);
      }
      for (Prediction prediction : answer.shown()) {
        out.write(
            String.format(
                Locale.ROOT,
                "  %6.2f %%  %s%n",
                100 * prediction.probability(),
                prediction.label()));
      }
    }
  },

  /** JSON Lines: an object a picture. */
  JSONL {
    @Override
    void write(Writer out, Answer answer) throws IOException {
      out.write(MAPPER.writeValueAsString(answer.fields()) + "\n");
    }
  },

  /** One array of such objects. */
  JSON {
    @Override
    void begin(Writer out, boolean none) throws IOException {
      out.write("[");
    }

    @Override
    void write(Writer out, Answer answer) throws IOException {
      out.write((answer.number() == 0 ? "\n" : ",\n") + MAPPER.writeValueAsString(answer.fields()));
    }

    @Override
    void end(Writer out) throws IOException {
      out.write("\n]\n");
    }
  },

  /** A row a label, with a header. */
  CSV {
    @Override
    void begin(Writer out, boolean none) throws IOException {
      out.write("path,key,rank,label,probability,cosine" + (none ? ",none_of_these" : "") + "\n");
    }

    @Override
    void write(Writer out, Answer answer) throws IOException {
      NoneOfThese none = answer.none();
      String last = none == null ? "" : "," + none.isNone(answer.score());
      int rank = 0;
      for (Prediction prediction : answer.shown()) {
        rank++;
        out.write(
            "%s,%s,%d,%s,%s,%s%s\n"
                .formatted(
                    Csv.field(answer.example().picture().name()),
                    Csv.field(answer.example().key()),
                    rank,
                    Csv.field(prediction.label()),
                    prediction.probability(),
                    prediction.similarity(),
                    last));
      }
    }
  };

  private static final String NEWLINE = System.lineSeparator();
  private static final JsonMapper MAPPER = JsonMapper.shared();

  /**
   * What is said of a picture.
   *
   * @param number of answers before this one
   * @param example where it came from
   * @param shown the most probable labels
   * @param none the calibration, or null
   * @param score the calibration's statistic of this picture; 0 without one
   */
  record Answer(
      long number,
      Example example,
      List<Prediction> shown,
      @Nullable NoneOfThese none,
      double score) {
    private Map<String, Object> fields() {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("path", example.picture().name());
      fields.put("key", example.key());
      if (none != null) {
        fields.put("none_of_these", none.isNone(score));
        fields.put("score", score);
        fields.put("threshold", none.threshold());
      }
      fields.put("predictions", shown.stream().map(Answer::fields).toList());
      return fields;
    }

    private static Map<String, Object> fields(Prediction prediction) {
      Map<String, Object> fields = new LinkedHashMap<>();
      fields.put("label", prediction.label());
      fields.put("probability", prediction.probability());
      fields.put("cosine", prediction.similarity());
      return fields;
    }
  }

  /** Writes what stands before the answers; {@code none} says whether they carry a decision. */
  void begin(Writer out, boolean none) throws IOException {}

  /** Writes an answer. */
  abstract void write(Writer out, Answer answer) throws IOException;

  /** Writes what stands behind the answers. */
  void end(Writer out) throws IOException {}
}
