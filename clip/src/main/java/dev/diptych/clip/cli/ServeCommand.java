package dev.diptych.clip.cli;

import dev.diptych.clip.ComputeDevice;
import dev.diptych.clip.Diptych;
import dev.diptych.clip.retrieval.PictureIndex;
import dev.diptych.clip.serve.SearchPage;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code diptych serve}: an index in the browser. */
@Command(
    name = "serve",
    description = {
      "Shows an index in the browser, to search by words or by a picture.",
      "The page also tells which of some labels a picture shows, and where in it a text is seen."
    },
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private CommandSpec spec;

  @Mixin private IndexedModel model = new IndexedModel();

  @Mixin private DeviceOptions device = new DeviceOptions();

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "what to bind to; 0.0.0.0 lets the whole network in. Default: ${DEFAULT-VALUE}",
      defaultValue = "localhost")
  private String host = "localhost";

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "0 takes a free one. Default: ${DEFAULT-VALUE}",
      defaultValue = "8080")
  private int port;

  @Parameters(index = "0", paramLabel = "IDX", description = "the index's folder")
  @SuppressWarnings("NullAway.Init")
  private Path folder;

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    try (PictureIndex index = PictureIndex.open(folder);
        ComputeDevice on = device.open();
        Diptych loaded = on.take(model.load(index));
        SearchPage page = new SearchPage(loaded, index, model.path(index).toString(), host, port)) {
      out.printf(
          "%,d pictures at http://%s:%d/ until Ctrl-C%n",
          index.size(), page.address().getHostString(), page.address().getPort());
      new CountDownLatch(1).await();
    }
    return 0;
  }
}
