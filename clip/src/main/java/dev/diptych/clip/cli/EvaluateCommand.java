package dev.diptych.clip.cli;

import picocli.CommandLine.Command;

/** {@code diptych evaluate}: how good is a model, by the measures of the field? */
@Command(
    name = "evaluate",
    description = "Measures a model on a data set, by the tasks and measures of CLIP_benchmark.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "TASK",
    subcommands = {
      EvaluateZeroShotCommand.class,
      EvaluateRetrievalCommand.class,
      EvaluateLinearProbeCommand.class,
      EvaluatePointingCommand.class
    })
final class EvaluateCommand {}
