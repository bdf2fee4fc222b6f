#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "app/cli.h"
#include "app/cli_verify.h"
#include "core/candidate_lists.h"
#include "core/datasets/registry.h"
#include "core/environment.h"
#include "core/error.h"
#include "core/files.h"
#include "core/folder_lock.h"
#include "core/numpy.h"
#include "core/pipeline.h"
#include "core/poses.h"
#include "core/prediction_files.h"
#include "core/readable.h"
#include "core/reciprocal.h"
#include "core/sequence_protocol.h"

namespace relocus {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

void run_method(const Cli& cli, const std::string& folder, const std::string& out, MethodFlags flags,
                const ProtocolFlags& protocol, bool skip_unreadable) {
  Sequence sequence = open_sequence(folder);
  if (flags.method.empty()) flags.method = first_method(sequence).name;
  if (!protocol.database.empty()) sequence = join(open_sequence(protocol.database), sequence);
  Job job{.method = flags.method,
          .options = flags.options(),
          .resources = flags.resources,
          .database = protocol.database,
          .out = out};
  if (skip_unreadable) {
    job.left_out = unreadable_frames(sequence, method(flags.method).modality, cli.progress());
    sequence = without_frames(sequence, job.left_out);
  }
  job.protocol = fitted(protocol.apply_to(suggested_protocol(sequence)), sequence);
  const std::unique_ptr<WorkerGroup> workers = join_workers(worker_place());
  job.workers = workers.get();
  const Experiment experiment = run(sequence, job, cli.progress());
  if (workers->rank() > 0) {
    cli.tell(fmt::format("worker {} of {} has encoded its share; rank 0 goes on", workers->rank(), workers->count()),
             {{"rank", workers->rank()}, {"workers", workers->count()}, {"experiment", out}});
    return;
  }

  std::string text = fmt::format("{} on {}, saved in {}\n", experiment.method, experiment.sequence_name, out);
  if (!job.left_out.empty()) text += fmt::format("{} frames that cannot be read were left out\n", job.left_out.size());
  text += describe(experiment.evaluation) + "milliseconds a frame:";
  for (const auto& [stage, value] : experiment.milliseconds) text += fmt::format(" {} {:.2f}", stage, value);
  Json line = to_json(experiment.evaluation);
  line["milliseconds"] = experiment.milliseconds;
  line["experiment"] = out;
  line["left_out"] = job.left_out.size();
  cli.tell(text, line);
}

/// What `evaluate` is asked for: an experiment, descriptors, or candidates (with descriptors only where they are
/// labelled pairs).
struct EvaluateFlags {
  std::string experiment, descriptors, query_descriptors, key, candidates, poses, sequence, times, recalls, out;
  bool reciprocal = false;
  ReciprocalOptions neighbours;
};

/// Stamps of frames, one number [s] a line.
void read_times(const std::string& file, Sequence& sequence) {
  std::istringstream lines(read_text(file));
  std::vector<double> stamps;
  for (double stamp; lines >> stamp;) stamps.push_back(stamp);
  if (!lines.eof()) throw Error("{} should hold one number a line; number {} is none", file, stamps.size() + 1);
  if (stamps.size() != sequence.frames.size())
    throw Error("{} holds {} times, but there are {} poses", file, stamps.size(), sequence.frames.size());
  for (std::size_t i = 0; i < stamps.size(); ++i) sequence.frames[i].stamp = stamps[i] - stamps.front();
}

Sequence posed_frames(const EvaluateFlags& flags) {
  if (!flags.sequence.empty()) return open_sequence(flags.sequence);
  if (flags.poses.empty())
    throw Error("--poses FILE or --sequence SEQUENCE is needed: without it nobody knows which answers are right");
  Sequence sequence = sequence_of_poses(flags.poses);
  if (!flags.times.empty()) read_times(flags.times, sequence);
  return sequence;
}

Experiment imported(const Sequence& sequence, const Protocol& protocol) {
  Experiment experiment;
  experiment.sequence_name = sequence.name;
  experiment.protocol = protocol;
  experiment.version = version();
  experiment.device = "imported";
  return experiment;
}

/// Those of the database, then those of the queries where they lie in a file of their own.
Descriptors descriptors_of(const EvaluateFlags& flags) {
  Descriptors database = read_descriptors(flags.descriptors, flags.key);
  if (flags.query_descriptors.empty()) return database;
  const Descriptors queries = read_descriptors(flags.query_descriptors, flags.key);
  if (queries.cols() != database.cols())
    throw Error("{} holds descriptors of {} numbers, {} of {}; both should come from one method", flags.descriptors,
                database.cols(), flags.query_descriptors, queries.cols());
  Descriptors both(database.rows() + queries.rows(), database.cols());
  both << database, queries;
  return both;
}

Protocol protocol_for(const Sequence& sequence, const ProtocolFlags& given) {
  return fitted(given.apply_to(suggested_protocol(sequence)), sequence);
}

Experiment from_descriptors(const EvaluateFlags& flags, const ProtocolFlags& given, const Progress& progress) {
  const Sequence sequence = posed_frames(flags);
  const Protocol protocol = protocol_for(sequence, given);
  Experiment experiment = imported(sequence, protocol);
  experiment.descriptors = descriptors_of(flags);
  if (std::size_t(experiment.descriptors.rows()) != sequence.frames.size()) {
    throw Error("{} holds {} descriptors, {} holds {} frames; both should have one line per frame", flags.descriptors,
                experiment.descriptors.rows(), flags.sequence.empty() ? flags.poses : flags.sequence,
                sequence.frames.size());
  }
  return reevaluate(experiment, trajectory(sequence), protocol, progress);
}

Experiment from_candidates(ImportedResults results, const EvaluateFlags& flags, const ProtocolFlags& given,
                           const Progress& progress) {
  const Sequence sequence = posed_frames(flags);
  const Protocol protocol = protocol_for(sequence, given);
  Experiment experiment = imported(sequence, protocol);
  const Trajectory truth = trajectory(sequence);
  experiment.retrievals = experiment.retrieved =
      with_frame_ids(std::move(results.retrievals), truth, int(sequence.num_database));
  return reevaluate(experiment, truth, protocol, progress);
}

/// Answers that name images find their frames by the ends of the paths.
Experiment from_predictions(const EvaluateFlags& flags, const ProtocolFlags& given, const Progress& progress) {
  const Sequence sequence = open_sequence(flags.sequence);
  const Protocol protocol = protocol_for(sequence, given);
  Experiment experiment = imported(sequence, protocol);
  experiment.retrievals = experiment.retrieved =
      read_prediction_pairs(flags.candidates, sequence, sequence.num_database);
  return reevaluate(experiment, trajectory(sequence), protocol, progress);
}

Experiment from_experiment(const EvaluateFlags& flags, const ProtocolFlags& given, const Progress& progress) {
  const Experiment experiment = load_experiment(flags.experiment);
  if (!given.given()) return experiment;
  const Protocol protocol = given.apply_to(experiment.protocol);
  const bool needs_scans = protocol.min_overlap > 0;
  return needs_scans ? reevaluate(experiment, open_sequence_of(experiment), protocol, progress)
                     : reevaluate(experiment, load_trajectory(flags.experiment), protocol, progress);
}

/// Pairs that bring their own truth: with scores, or with labels that the descriptors' distances are compared with.
Evaluation of_pairs(const ImportedResults& results, const EvaluateFlags& flags, const Protocol& protocol) {
  if (results.pairs.empty() && results.labels.empty()) throw Error("{} holds no answers to evaluate", flags.candidates);
  if (results.pairs.empty() && flags.descriptors.empty())
    throw Error("{} says which pairs are right; give --descriptors FILE too, whose distances are the scores",
                flags.candidates);
  const std::vector<ScoredPair> pairs =
      results.pairs.empty() ? score(results.labels, read_descriptors(flags.descriptors, flags.key)) : results.pairs;
  Evaluation evaluation;
  evaluation.figures = evaluate_pairs(pairs);
  evaluation.protocol = protocol;
  evaluation.protocol.pairs = true;
  evaluation.protocol = stamped(evaluation.protocol);
  evaluation.remarks.push_back(fmt::format("{} pairs, right where {} says so ({}); radii do not matter", pairs.size(),
                                           flags.candidates, results.layout));
  return evaluation;
}

/// The answers become those of the new distances.
Evaluation reranked(Experiment& experiment, const Trajectory& truth, const ReciprocalOptions& options,
                    const Progress& progress) {
  if (experiment.descriptors.size() == 0)
    throw Error(
        "k-reciprocal re-ranking compares descriptors, and there are none: name an experiment that holds them, or "
        "--descriptors FILE");
  const Protocol& protocol = experiment.evaluation.protocol;
  experiment.retrieved = experiment.retrievals =
      reciprocal_search(experiment.descriptors, truth, protocol, options, progress);
  experiment.evaluation =
      evaluate_if_known(truth, experiment.retrievals, protocol, experiment.overlaps ? &*experiment.overlaps : nullptr,
                        progress, &experiment.descriptors);
  return experiment.evaluation;
}

void evaluate_results(const Cli& cli, const EvaluateFlags& flags, const ProtocolFlags& protocol_flags) {
  const bool exactly_one = !flags.experiment.empty() + !flags.descriptors.empty() + !flags.candidates.empty() == 1;
  const bool both = flags.experiment.empty() && !flags.descriptors.empty() && !flags.candidates.empty();
  if (!exactly_one && !both)
    throw CLI::ValidationError("give one of: EXPERIMENT, --descriptors FILE, --candidates FILE");
  const Progress progress = cli.progress();
  Experiment experiment;
  if (!flags.experiment.empty()) {
    experiment = from_experiment(flags, protocol_flags, progress);
  } else if (flags.candidates.empty()) {
    experiment = from_descriptors(flags, protocol_flags, progress);
  } else if (!flags.sequence.empty() && holds_prediction_pairs(flags.candidates)) {
    experiment = from_predictions(flags, protocol_flags, progress);
  } else {
    ImportedResults results = read_results(flags.candidates);
    if (results.retrievals.empty())
      experiment.evaluation = of_pairs(results, flags, protocol_flags.apply_to({}));
    else
      experiment = from_candidates(std::move(results), flags, protocol_flags, progress);
  }
  const auto truth = [&] {
    return flags.experiment.empty() ? trajectory(posed_frames(flags)) : load_trajectory(flags.experiment);
  };
  std::string text = describe(experiment.evaluation);
  nlohmann::ordered_json line = to_json(experiment.evaluation);
  if (flags.reciprocal) {
    const Evaluation again = reranked(experiment, truth(), flags.neighbours, progress);
    text += fmt::format("\nre-ranked by k-reciprocal neighbours (k1 {}, k2 {}, lambda {})\n{}", flags.neighbours.k1,
                        flags.neighbours.k2, flags.neighbours.lambda, describe(again));
    line["reciprocal"] = to_json(again);
  }
  if (!flags.out.empty()) {
    const FolderLock lock(flags.out);
    save(experiment, truth(), flags.out);
  }
  if (!flags.experiment.empty())
    if (const auto pairs = read_verified(flags.experiment, experiment))
      if (const auto point = verified_point(experiment, load_trajectory(flags.experiment), *pairs)) {
        text += describe(*point);
        line["verified"] = to_json(*point);
      }
  if (!flags.recalls.empty()) {
    const std::vector<RecallLine> own = recalls_of_stages(experiment, truth());
    for (const RecallLine& theirs : read_recall_lines(flags.recalls)) {
      const auto same = std::ranges::find_if(
          own, [&](const RecallLine& each) { return each.stage == theirs.stage && each.n == theirs.n; });
      const bool has = same != own.end();
      text += fmt::format("{}@{}: {:.4f} in the file, {} here\n", theirs.stage, theirs.n, theirs.recall,
                          has ? fmt::format("{:.4f}", same->recall) : "none");
      line["recalls"].push_back({{"stage", theirs.stage},
                                 {"n", theirs.n},
                                 {"file", theirs.recall},
                                 {"here", has ? nlohmann::ordered_json(same->recall) : nlohmann::ordered_json()}});
    }
  }
  cli.tell(text, line);
}

}  // namespace

void add_experiment_commands(CLI::App& app, Cli& cli) {
  {
    CLI::App* const command = add_command(
        app, cli, "run",
        "Encode a sequence, search, re-rank and evaluate; the same command again goes on where it was stopped");
    const auto sequence = std::make_shared<std::string>();
    const auto out = std::make_shared<std::string>();
    const auto method = std::make_shared<MethodFlags>();
    const auto protocol = std::make_shared<ProtocolFlags>();
    command->add_option("SEQUENCE", *sequence, "Folder of a sequence")->required();
    command->add_option("--out", *out, "Folder of the experiment")->required()->type_name("EXPERIMENT");
    method->add_to(*command, /*required=*/false);
    protocol->add_to(*command, ProtocolFlags::For::Run);
    const auto skip = std::make_shared<bool>(false);
    command->add_flag("--skip-unreadable", *skip, "Leave out frames whose file is missing or damaged");
    command->footer(
        "Without --method the first one runs that reads what the sequence has and whose weights ship.\n"
        "Several processes encode together when torchrun, mpirun or srun starts them (or RANK, WORLD_SIZE, "
        "MASTER_ADDR\n"
        "and MASTER_PORT are set): each a share of the frames, into one folder that all see.");
    command->callback(
        [&cli, sequence, out, method, protocol, skip] { run_method(cli, *sequence, *out, *method, *protocol, *skip); });
  }
  {
    CLI::App* const command =
        add_command(app, cli, "evaluate", "Figures of an experiment under any protocol, or of anybody's results");
    const auto flags = std::make_shared<EvaluateFlags>();
    const auto protocol = std::make_shared<ProtocolFlags>();
    command->add_option("EXPERIMENT", flags->experiment, "Folder of an experiment");
    command->add_option("--descriptors", flags->descriptors, "Global descriptors, one row per pose")
        ->type_name("NPY|NPZ");
    command
        ->add_option("--query-descriptors", flags->query_descriptors,
                     "Those of the queries, where --descriptors holds the database's alone")
        ->type_name("NPY|NPZ");
    command->add_option("--key", flags->key, "Array of the .npz")->type_name("NAME");
    const auto candidates = std::make_shared<std::vector<std::string>>();
    command
        ->add_option("--candidates", *candidates,
                     "Candidate list: csv, SSC's, pairs, scores with labels, submission.json, predictions as json, a "
                     "matrix of similarities (.npy, .txt); a number N is --num-candidates N")
        ->type_name("FILE|N")
        ->allow_extra_args(false);
    command->add_option("--poses", flags->poses, "Ground truth: KITTI, TUM or a table")->type_name("FILE");
    command
        ->add_option("--sequence", flags->sequence,
                     "Ground truth: a sequence, an image list's .npz, a .mat, a folder of a database and its queries")
        ->type_name("SEQUENCE");
    command->add_option("--times", flags->times, "Times [s] of the poses, one a line")->type_name("FILE");
    command->add_option("--recalls", flags->recalls, "recalls.txt of Patch-NetVLAD, to be told beside the figures")
        ->type_name("FILE");
    command->add_option("--out", flags->out, "Save the result as an experiment")->type_name("FOLDER");
    auto* const k1 = command->add_option("--reciprocal", flags->neighbours.k1,
                                         "Re-rank all answers by so many k-reciprocal neighbours too (25 published)");
    k1->type_name("K1")->check(CLI::Range(1, 10000));
    command->add_option("--reciprocal-average", flags->neighbours.k2, "Neighbours that are averaged over [1]")
        ->type_name("K2")
        ->check(CLI::Range(1, 10000))
        ->needs(k1);
    command->add_option("--reciprocal-lambda", flags->neighbours.lambda, "Share of the distance itself, 0 to 1 [0]")
        ->type_name("SHARE")
        ->check(CLI::Range(0., 1.))
        ->needs(k1);
    protocol->add_to(*command, ProtocolFlags::For::Evaluate);
    command->callback([&cli, flags, candidates, protocol, k1] {
      flags->reciprocal = k1->count() > 0;
      for (const std::string& text : *candidates) {
        const bool is_number = std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
        is_number ? protocol->set("num_candidates", text) : void(flags->candidates = text);
      }
      evaluate_results(cli, *flags, *protocol);
    });
  }
}

}  // namespace relocus
