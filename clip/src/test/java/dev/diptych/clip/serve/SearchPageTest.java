package dev.diptych.clip.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.diptych.clip.Diptych;
import dev.diptych.clip.Tiny;
import dev.diptych.clip.data.BadLimit;
import dev.diptych.clip.image.Picture;
import dev.diptych.clip.image.PictureDecoder;
import dev.diptych.clip.retrieval.PictureIndex;
import dev.diptych.clip.retrieval.PictureIndexer;
import dev.diptych.clip.retrieval.Query;
import java.io.File;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;

/** The page over an index of ten pictures: over HTTP, and as a person uses it in a browser. */
class SearchPageTest {
  private static final int PICTURES = 10;
  private static final File CHROMIUM = new File("/usr/bin/chromium");
  private static final File CHROMEDRIVER = new File("/usr/bin/chromedriver");

  private final Diptych model = Tiny.model(5);
  @TempDir private Path folder;

  @SuppressWarnings("NullAway.Init") // serve() makes it
  private PictureIndex index;

  @SuppressWarnings("NullAway.Init")
  private SearchPage page;

  @BeforeEach
  void serve() {
    for (int i = 0; i < PICTURES; i++) {
      Tiny.png(folder.resolve("pictures/<b>p%d.png".formatted(i)), i);
    }
    Path made = folder.resolve("idx");
    new PictureIndexer(made, model, "m", "", 4)
        .update(List.of(folder.resolve("pictures").toString()), false, BadLimit.NONE, count -> {});
    index = PictureIndex.open(made);
    page = new SearchPage(model, index, "a tiny model", "localhost", 0);
  }

  @AfterEach
  void stop() {
    page.close();
    index.close();
    model.close();
  }

  private String base() {
    return "http://localhost:" + page.address().getPort();
  }

  private Path picture(int i) {
    return folder.resolve("pictures/<b>p%d.png".formatted(i)).toAbsolutePath();
  }

  private HttpResponse<byte[]> ask(String address, byte[] body) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create(base() + address))
              .POST(HttpRequest.BodyPublishers.ofByteArray(body))
              .build(),
          HttpResponse.BodyHandlers.ofByteArray());
    }
  }

  private static String text(HttpResponse<byte[]> response) {
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  private static String encoded(Path path) {
    return URLEncoder.encode(path.toString(), StandardCharsets.UTF_8);
  }

  @Test
  void aDroppedPictureIsNearestToItself() throws Exception {
    String answer = text(ask("/api/search?top=1", Files.readAllBytes(picture(4))));
    assertThat(answer).contains("p4.png").contains("\"search\":\"exact\"");
    assertThat(text(ask("/api/search?top=1&key=" + encoded(picture(4)), new byte[0])))
        .isEqualTo(answer);
  }

  @Test
  void heatMapsComeAsPictures() throws Exception {
    HttpResponse<byte[]> map = ask("/api/heatmap?text=a+cat", Files.readAllBytes(picture(1)));
    assertThat(map.headers().firstValue("Content-Type")).contains("image/png");
    Picture drawn = PictureDecoder.decode(map.body(), "map");
    assertThat(drawn.width()).isEqualTo(20);
    assertThat(drawn.height()).isEqualTo(18);
    assertThat(drawn.rgb()).isNotEqualTo(PictureDecoder.read(picture(1)).rgb());
  }

  @Test
  void mistakesAreAnswered() throws Exception {
    assertThat(text(ask("/api/search", new byte[0]))).contains("nothing to look for");
    assertThat(text(ask("/api/heatmap?text=a", new byte[0]))).contains("choose a picture");
    assertThat(text(ask("/api/heatmap", Files.readAllBytes(picture(1))))).contains("give a text");
    assertThat(text(ask("/api/classify?labels=one", new byte[0]))).contains("at least two");
    HttpResponse<byte[]> noPicture =
        ask("/api/search", "not a picture".getBytes(StandardCharsets.UTF_8));
    assertThat(noPicture.statusCode()).isEqualTo(400);
    Path secret = Files.writeString(folder.resolve("secret.png"), "secret");
    for (Path outside : List.of(secret, folder.resolve("pictures/../secret.png"))) {
      HttpResponse<byte[]> refused =
          ask("/api/classify?labels=a%0Ab&key=" + encoded(outside), new byte[0]);
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(text(refused)).contains("is not in the index");
    }
  }

  @Test
  void worksInABrowser() {
    assumeTrue(
        CHROMIUM.canExecute() && CHROMEDRIVER.canExecute(),
        "no Chromium with its driver here: install the packages chromium and chromium-driver");
    ChromeOptions options = new ChromeOptions();
    options.setBinary(CHROMIUM);
    options.addArguments(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--user-data-dir=" + folder.resolve("browser"));
    ChromeDriverService service =
        new ChromeDriverService.Builder().usingDriverExecutable(CHROMEDRIVER).build();
    ChromeDriver browser = new ChromeDriver(service, options);
    try {
      browser.get(base() + "/");
      waitForText(browser, "#about", "10 pictures · a tiny model");
      searchesByWords(browser);
      searchesByADroppedPicture(browser);
      asksAboutAResult(browser);
      tellsMistakes(browser);
      assertThat(browser.manage().logs().get("browser").getAll())
          .as("what the browser complains of")
          .noneMatch(entry -> entry.getMessage().contains("Security Policy"))
          .noneMatch(entry -> entry.getMessage().contains("Uncaught"));
    } finally {
      browser.quit();
    }
  }

  private void searchesByWords(ChromeDriver browser) {
    browser.findElement(By.id("text")).sendKeys("two red dogs");
    browser.findElement(By.id("without")).sendKeys("a lamp");
    browser.findElement(By.cssSelector("#search button")).click();
    waitForText(browser, "#message", "10 of 10 pictures, exact search");
    float[] query = new Query().plus("two red dogs").minus("a lamp").vector(model);
    List<String> expected =
        index.search(query, PICTURES, PictureIndex.Search.EXACT).stream()
            .map(PictureIndex.Hit::picture)
            .toList();
    List<WebElement> shown = browser.findElements(By.cssSelector("#results button"));
    assertThat(shown).extracting(one -> one.getDomAttribute("data-key")).isEqualTo(expected);
    waitUntil(browser, "[...document.querySelectorAll('#results img')].every(i => i.naturalWidth)");
    // a file name that is markup is shown as text
    assertThat(shown.getFirst().getText()).contains("<b>");
  }

  private void searchesByADroppedPicture(ChromeDriver browser) {
    browser.executeScript(
        """
        const bytes = Uint8Array.from(atob(arguments[0]), c => c.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'mine.png', {type: 'image/png'}));
        document.getElementById('drop').dispatchEvent(
            new DragEvent('drop', {dataTransfer: data, bubbles: true, cancelable: true}));
        """,
        java.util.Base64.getEncoder().encodeToString(bytes(picture(7))));
    waitForText(browser, "#name", "mine.png");
    waitUntil(browser, "document.querySelector('#results button')?.dataset.key.endsWith('p7.png')");
  }

  private static byte[] bytes(Path file) {
    try {
      return Files.readAllBytes(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private void asksAboutAResult(ChromeDriver browser) {
    browser.findElements(By.cssSelector("#results button")).get(1).click();
    waitUntil(browser, "document.getElementById('name').textContent !== 'mine.png'");
    browser.findElement(By.id("labels")).clear();
    browser.findElement(By.id("labels")).sendKeys("a cat\na lamp\n");
    browser.findElement(By.cssSelector("#classify button")).click();
    waitUntil(browser, "document.querySelectorAll('#classes tr').length === 2");
    assertThat(browser.findElement(By.id("classes")).getText()).contains("a cat", "a lamp", "%");

    browser.findElement(By.cssSelector("#where button")).click();
    waitForText(browser, "#message", "where the model sees “two red dogs”");
    waitUntil(
        browser,
        "document.getElementById('picture').src.startsWith('blob:')"
            + " && document.getElementById('picture').naturalWidth === 20");
  }

  private void tellsMistakes(ChromeDriver browser) {
    browser.findElement(By.id("text")).clear();
    browser.findElement(By.cssSelector("#search button")).click();
    waitForText(
        browser, "#message.error", "there is nothing to look for: give a text or a picture");
  }

  private static void waitForText(ChromeDriver browser, String selector, String text) {
    waitUntil(
        browser, "document.querySelector('%s')?.textContent === '%s'".formatted(selector, text));
  }

  private static void waitUntil(ChromeDriver browser, String condition) {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!Boolean.TRUE.equals(browser.executeScript("return !!(" + condition + ")"))) {
      assertThat(System.nanoTime())
          .as("%s; the page says: %s", condition, browser.findElement(By.tagName("body")).getText())
          .isLessThan(end);
      LockSupport.parkNanos(20_000_000);
    }
  }
}
