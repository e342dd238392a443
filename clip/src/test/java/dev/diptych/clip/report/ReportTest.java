package dev.diptych.clip.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PngEncoder;
import java.io.ByteArrayInputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.imageio.ImageIO;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class ReportTest {
  private static final String NASTY = "<script>alert(\"1\")</script> & 'ü' \u0000\uD800 ]]> 😀";

  private static Thumbnail thumbnail(int width, int height) {
    byte[] rgb = new byte[width * height * 3];
    for (int i = 0; i < rgb.length; i++) {
      rgb[i] = (byte) (i * 7);
    }
    return new Thumbnail(new Picture(width, height, rgb), NASTY);
  }

  private static Report report(List<Section> sections) {
    return new Report(
        NASTY, NASTY, List.of(new Report.Figure(NASTY, NASTY, NASTY)), sections, NASTY);
  }

  private static List<Section> everySection() {
    double nan = Double.NaN;
    List<Section> sections = new ArrayList<>();
    sections.add(
        new Section.Curves(
            NASTY,
            NASTY,
            "step",
            "loss",
            false,
            List.of(
                new Section.Curve(
                    NASTY, new double[] {1, 2, 3, 4}, new double[] {2, nan, 1, 0.5}, false),
                new Section.Curve(
                    "inf",
                    new double[] {1, 2},
                    new double[] {Double.POSITIVE_INFINITY, 1},
                    true))));
    sections.add(
        new Section.Similarities(
            NASTY,
            "",
            List.of(thumbnail(3, 2), thumbnail(2, 2)),
            List.of(NASTY, "b"),
            new float[] {Float.NaN, 0.5f, -0.001f, Float.NEGATIVE_INFINITY}));
    sections.add(
        new Section.Gallery(
            "gallery",
            "",
            List.of(
                new Section.Exhibit(
                    thumbnail(48, 48),
                    NASTY,
                    List.of(
                        new Section.Answer(NASTY, 0.75, true),
                        new Section.Answer("x", nan, false))),
                new Section.Exhibit(thumbnail(1, 1), "", List.of()))));
    sections.add(
        new Section.Table(
            "table", "", List.of("a", NASTY), List.of(List.of("1", "2", "3"), List.of())));
    return sections;
  }

  private static List<Section> emptySections() {
    double[] none = {};
    return List.of(
        new Section.Curves("c", "", "x", "y", false, List.of()),
        new Section.Curves(
            "c", "", "x", "y", true, List.of(new Section.Curve("n", none, none, false))),
        new Section.Curves(
            "nan",
            "",
            "x",
            "y",
            false,
            List.of(new Section.Curve("n", new double[] {1}, new double[] {Double.NaN}, false))),
        new Section.Curves(
            "one",
            "",
            "x",
            "y",
            false,
            List.of(new Section.Curve("n", new double[] {1}, new double[] {0}, false))),
        new Section.Similarities("s", "", List.of(), List.of(), new float[0]),
        new Section.Gallery("g", "", List.of()),
        new Section.Table("t", "", List.of(), List.of()));
  }

  private static Document parse(String page) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    return factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
  }

  @Test
  void thePageIsWellFormedAndNeedsNothingBesideItself() throws Exception {
    String page = HtmlReport.page(report(everySection()));
    Document document = parse(page);
    assertThat(document.getElementsByTagName("script").getLength()).isZero();
    assertThat(document.getElementsByTagName("link").getLength()).isZero();
    assertThat(page.replace(Xml.escape(NASTY), ""))
        .doesNotContain("http:", "https:", "url(", "@import", "src=\"//");
    NodeList images = document.getElementsByTagName("img");
    assertThat(images.getLength()).isEqualTo(4);
    for (int i = 0; i < images.getLength(); i++) {
      assertThat(((Element) images.item(i)).getAttribute("src"))
          .startsWith("data:image/png;base64,");
    }
    assertThat(document.getElementsByTagName("h1").item(0).getTextContent())
        .isEqualTo("<script>alert(\"1\")</script> & 'ü' \uFFFD\uFFFD ]]> 😀");
    assertThat(page).contains("<svg").doesNotContain("NaN", "Infinity");
  }

  @Test
  void nothingToShowIsSaidRatherThanDrawn() throws Exception {
    String page = HtmlReport.page(report(emptySections()));
    parse(page);
    assertThat(page).contains("No values were recorded.", "No pictures were kept.");
    assertThat(page).doesNotContain("NaN", "Infinity");
    assertThat(TextReport.text(report(emptySections()), true)).contains("no values");
  }

  @Test
  void textShowsPicturesOnlyOnATerminal() {
    String plain = TextReport.text(report(everySection()), false);
    String coloured = TextReport.text(report(everySection()), true);
    assertThat(plain).doesNotContain("\u001B").contains("75 %").doesNotContain("NaN");
    assertThat(coloured).contains("\u001B[38;2;").contains("▀");
    assertThat(plain).contains("[–]", "0.50", "0.00");
  }

  @Test
  void aPictureComesBackFromItsPng() throws Exception {
    Picture picture = thumbnail(13, 7).picture();
    String data = PngEncoder.dataUri(picture).substring("data:image/png;base64,".length());
    var image = ImageIO.read(new ByteArrayInputStream(Base64.getDecoder().decode(data)));
    assertThat(image.getWidth()).isEqualTo(13);
    assertThat(image.getHeight()).isEqualTo(7);
    for (int i = 0; i < 13 * 7; i++) {
      int expected =
          (picture.rgb()[i * 3] & 255) << 16
              | (picture.rgb()[i * 3 + 1] & 255) << 8
              | (picture.rgb()[i * 3 + 2] & 255);
      assertThat(image.getRGB(i % 13, i / 13) & 0xFFFFFF).isEqualTo(expected);
    }
  }

  @Test
  void theFileAppearsWholeAndReplacesAnOlderOne(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("runs/demo/report.html");
    HtmlReport.write(report(List.of()), file);
    HtmlReport.write(report(everySection()), file);
    assertThat(Files.readString(file)).isEqualTo(HtmlReport.page(report(everySection())));
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @Test
  void ticksAreRoundAndInside() {
    assertThat(Ticks.between(0, 1, 5)).containsExactly(0, 0.2, 0.4, 0.6000000000000001, 0.8, 1);
    assertThat(Ticks.between(0, 1400, 8)).containsExactly(0, 200, 400, 600, 800, 1000, 1200, 1400);
    assertThat(Ticks.between(3, 3, 5)).containsExactly(3);
    assertThat(Ticks.between(-0.013, 0.011, 4)).containsExactly(-0.01, 0, 0.01);
    assertThat(Ticks.label(0.6000000000000001)).isEqualTo("0.6");
    assertThat(Ticks.label(12_000)).isEqualTo("12,000");
    assertThat(Ticks.label(2.5e-5)).isEqualTo("3e-05");
    assertThat(Ticks.label(0)).isEqualTo("0");
  }

  @Test
  void sizesThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> new Section.Curve("c", new double[2], new double[3], false))
        .hasMessageContaining("x has 2 values, y 3");
    assertThatThrownBy(
            () -> new Section.Similarities("", "", List.of(), List.of("a"), new float[1]))
        .hasMessageContaining("need 0 values, got 1");
  }
}
