package dev.diptych.clip.cli;

import dev.diptych.clip.hub.Hub;
import dev.diptych.clip.hub.HubSettings;
import dev.diptych.clip.hub.PullOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code diptych pull}: a model from a hub into the cache. */
@Command(
    name = "pull",
    description = {
      "Fetches a published model from a Hugging Face hub into the cache that Python shares.",
      "Prints the folder it is in. After that, --model owner/name finds it without a network.",
      "An interrupted pull goes on where it was; every file's hash is checked."
    },
    footer = {
      "",
      "Environment, as huggingface_hub reads it: HF_ENDPOINT, HF_HOME, HF_HUB_CACHE, HF_TOKEN,",
      "HF_TOKEN_PATH, HF_HUB_OFFLINE."
    },
    mixinStandardHelpOptions = true)
final class PullCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "MODEL",
      description = "owner/name, such as openai/clip-vit-base-patch32, or ViT-B/32")
  @SuppressWarnings("NullAway.Init") // picocli sets it
  private String model;

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      defaultValue = "main",
      description = "branch, tag or commit. Default: ${DEFAULT-VALUE}")
  @SuppressWarnings("NullAway.Init")
  private String revision;

  @Option(
      names = "--include",
      arity = "1..*",
      paramLabel = "GLOB",
      description = "pull the files that match, instead of what a CLIP needs")
  private List<String> includes = List.of();

  @Option(
      names = "--exclude",
      arity = "1..*",
      paramLabel = "GLOB",
      description = "leave files that match out")
  private List<String> excludes = List.of();

  @Option(
      names = "--cache",
      paramLabel = "FOLDER",
      description = "folder of the cache. Default: HF_HUB_CACHE, or hub in HF_HOME")
  private @Nullable Path cache;

  @Option(names = "--offline", description = "look into the cache only")
  private boolean offline;

  @Option(
      names = "--endpoint",
      paramLabel = "URL",
      description = "the hub. Default: HF_ENDPOINT, or https://huggingface.co")
  private @Nullable String endpoint;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "file with a token, for private and gated models")
  private @Nullable Path tokenFile;

  @Override
  public Integer call() {
    HubSettings settings = HubSettings.fromEnvironment();
    if (cache != null) {
      settings = settings.withCache(cache);
    }
    if (endpoint != null) {
      settings = settings.withEndpoint(endpoint);
    }
    if (tokenFile != null) {
      settings = settings.withTokenFile(tokenFile);
    }
    if (offline) {
      settings = settings.withoutNetwork();
    }
    // What is told goes to standard error, so that a script gets the folder and nothing else.
    Path folder =
        new Hub(settings, System.err).pull(model, new PullOptions(revision, includes, excludes));
    System.out.println(folder);
    return 0;
  }
}
