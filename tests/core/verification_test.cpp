#include "core/verification.h"

#include <cmath>
#include <fstream>

#include "core/datasets/registry.h"
#include "core/encodings.h"
#include "core/files.h"
#include "core/registration.h"
#include "core/simulator/simulator.h"
#include "tests/support.h"

using namespace relocus;

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

}  // namespace

/// A simulated drive that comes by again; each query's answers are its true neighbour and a frame far off.
class VerificationTest : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  Sequence city_;
  Trajectory truth_;
  Experiment experiment_;
  Verification all_;

  std::filesystem::path at(const char* name) const { return folder_.filePath(name).toStdString(); }

 private Q_SLOTS:
  void initTestCase() {
    SimulatorOptions options;
    options.frames = 160, options.seed = 7;
    simulate(at("city"), options);
    city_ = open_sequence(at("city"));
    truth_ = trajectory(city_);
    experiment_.sequence = at("city");
    experiment_.sequence_name = "city";
    experiment_.sequence_identity = sequence_identity(city_);
    const auto revisited = revisits(truth_, experiment_.protocol);
    for (FrameId query = 60; query < FrameId(truth_.size()); query += 8) {
      FrameId far = 0;
      for (FrameId frame = 0; frame < query - 50; ++frame)
        if (distance(truth_, query, frame, true) > distance(truth_, query, far, true)) far = frame;
      Retrieval retrieval{query, {{far, 0.1f, 0.9f, kNan}}};  // what ranks first is always wrong
      if (revisited[std::size_t(query)].num_right > 0)
        retrieval.candidates.push_back({revisited[std::size_t(query)].nearest, 0.2f, 0.8f, kNan});
      experiment_.retrievals.push_back(retrieval);
    }
    experiment_.retrieved = experiment_.retrievals;
    experiment_.evaluation = evaluate(truth_, experiment_.retrievals, experiment_.protocol);
    QVERIFY(experiment_.evaluation.figures.num_queries >= 3);
    all_ = verify(experiment_, city_, {}, {.top = 2});
  }

  void right_answers_are_verified_and_wrong_ones_are_not() {
    QCOMPARE(all_.measured, pairs_to_verify(experiment_, {.top = 2}).size());
    QCOMPARE(all_.failed, std::size_t(0));
    int right = 0;
    for (const auto& [pair, pose] : all_.pairs) {
      const double apart = distance(truth_, pair.first, pair.second, true);
      if (apart > 25) QVERIFY2(!pose.verified, fmt::format("{} {}", pair.first, pair.second).c_str());
      if (apart > 8) continue;
      ++right;
      QVERIFY2(pose.verified, fmt::format("{} {}: {:.2f}", pair.first, pair.second, pose.structure).c_str());
      const PoseError error = pose_error(pose.a_from_b, *true_a_from_b(city_, pair.first, pair.second));
      QVERIFY2(error.translation < 0.3 && error.rotation < 0.02, fmt::format("{} m", error.translation).c_str());
    }
    QVERIFY(right >= 3);
  }

  void what_is_verified_is_accepted_instead_of_what_scores_well() {
    Acceptance acceptance{.threshold = 0.85};  // all wrong ones, none of the right ones
    for (const Match& match : accepted_matches(experiment_, acceptance)) QVERIFY(match.score > 0.85);
    acceptance.verified = std::make_shared<VerifiedPairs>(all_.pairs);
    acceptance.threshold.reset();
    const std::vector<Match> matches = accepted_matches(experiment_, acceptance);
    QVERIFY(matches.size() >= 3);
    for (const Match& match : matches) QVERIFY(distance(truth_, match.query, match.candidate.frame, true) < 25);
    const FramePair first(matches.front().query, matches.front().candidate.frame);
    acceptance.verdicts[first] = false;  // a person knows better
    QCOMPARE(accepted_matches(experiment_, acceptance).size(), matches.size() - 1);
  }

  void figures_tell_what_accepting_them_comes_to() {
    const auto point = verified_point(experiment_, truth_, all_.pairs);
    QVERIFY(point.has_value());
    QCOMPARE(point->answerable, experiment_.evaluation.figures.num_queries);
    QCOMPARE(point->false_positives, 0);
    QCOMPARE(point->precision(), 1.);
    QVERIFY(point->recall() > 0.9);
    QVERIFY(point->f1() > 0.9 && point->f1() <= 1);
    QCOMPARE(point->measured, int(experiment_.retrievals.size()));
    const auto none = verified_point(experiment_, truth_, {});
    QCOMPARE(none->recall(), 0.);
    QCOMPARE(none->precision(), 0.);
    QCOMPARE(none->measured, 0);
    Experiment blind = experiment_;
    blind.evaluation = {};
    QVERIFY(!verified_point(blind, truth_, all_.pairs));
  }

  void a_verified_answer_that_is_wrong_is_a_false_positive() {
    VerifiedPairs wrong;
    const Retrieval& retrieval = experiment_.retrievals.back();
    wrong[{retrieval.query, retrieval.candidates.front().frame}].verified = true;
    const auto point = verified_point(experiment_, truth_, wrong);
    QCOMPARE(point->false_positives, 1);
    QCOMPARE(point->true_positives, 0);
  }

  void the_file_brings_the_same_pairs_back() {
    write_verified(folder_.path().toStdString(), experiment_, all_.pairs);
    const auto read = read_verified(folder_.path().toStdString(), experiment_);
    QCOMPARE(read->size(), all_.pairs.size());
    for (const auto& [pair, pose] : all_.pairs) {
      const RelativePose& other = read->at(pair);
      QCOMPARE(other.verified, pose.verified);
      QVERIFY(other.source == pose.source);
      QVERIFY(other.a_from_b.isApprox(pose.a_from_b, 1e-9));
      QVERIFY(other.information.isApprox(pose.information, 1e-6));
      QVERIFY(std::abs(other.fitness - pose.fitness) < 1e-5 && std::abs(other.structure - pose.structure) < 1e-5);
    }
    QVERIFY(!read_verified(at("nowhere"), experiment_));
  }

  void a_file_that_was_cut_off_anywhere_keeps_its_whole_lines() {
    const std::string folder = folder_.path().toStdString();
    write_verified(folder, experiment_, all_.pairs);
    const std::string whole = read_text(folder + "/verified.csv");
    std::size_t before = 0;
    for (std::size_t length = 0; length < whole.size(); length += 37) {
      std::ofstream(folder + "/verified.csv", std::ios::binary) << whole.substr(0, length);
      const auto read = read_verified(folder, experiment_);
      QVERIFY(read && read->size() >= before && read->size() <= all_.pairs.size());
      before = read->size();
      for (const auto& [pair, pose] : *read) QVERIFY(pose.a_from_b.isApprox(all_.pairs.at(pair).a_from_b, 1e-9));
    }
    QVERIFY(before + 1 >= all_.pairs.size());
    const auto left = read_verified(folder, experiment_);
    const Verification again = verify(experiment_, city_, *left, {.top = 2});  // what is missing is measured again
    QCOMPARE(again.pairs.size(), all_.pairs.size());
    QCOMPARE(again.measured, all_.pairs.size() - left->size());
  }

  void a_foreign_or_damaged_file_is_named() {
    const std::string folder = folder_.path().toStdString(), file = folder + "/verified.csv";
    const auto error = [&] { return test::error_of([&] { read_verified(folder, experiment_); }); };
    write_verified(folder, experiment_, all_.pairs);
    std::string text = read_text(file);
    write_atomically(file, "a,b,c\n1,2,3\n");
    QVERIFY(error().find("was not written") != std::string::npos);
    Experiment other = experiment_;
    other.sequence_identity = "another";
    write_verified(folder, other, all_.pairs);
    QVERIFY(error().find("another sequence") != std::string::npos);
    const auto third = text.find('\n', text.find('\n') + 1) + 1;
    write_atomically(file, text.substr(0, third) + "x" + text.substr(third + 1));
    QVERIFY(error().find("verified.csv") != std::string::npos);
    text.replace(text.find(",correlation,"), 13, ",guesswork,");
    write_atomically(file, text);
    QVERIFY(error().find("guesswork") != std::string::npos);
    std::filesystem::remove(file);
  }

  void what_was_measured_survives_a_cancel() {
    VerifiedPairs kept;
    std::stop_source stop;
    const Progress progress(
        [&](std::string_view, std::size_t done, std::size_t) {
          if (done >= 8) stop.request_stop();
        },
        stop.get_token());
    QVERIFY_THROWS_EXCEPTION(Cancelled, verify(
                                            experiment_, city_, {}, {.top = 2},
                                            [&](const VerifiedPairs& pairs) { kept = pairs; }, progress));
    QVERIFY(kept.size() >= 8 && kept.size() < all_.pairs.size());
    for (const auto& [pair, pose] : kept) QVERIFY(pose.a_from_b.isApprox(all_.pairs.at(pair).a_from_b, 1e-6));
  }

  void other_thresholds_judge_what_is_known_anew() {
    VerifySettings strict{.top = 2};
    strict.thresholds.min_structure = 1;
    const Verification none = verify(experiment_, city_, all_.pairs, strict);
    QCOMPARE(none.measured, std::size_t(0));
    for (const auto& [pair, pose] : none.pairs) QVERIFY(!pose.verified);
  }

  void few_pairs_are_those_with_the_best_scores() {
    Experiment two;
    two.retrievals = {{5, {{1, 0.3f, 0.2f}}}, {6, {{2, 0.1f, 0.9f}, {3, 0.2f, 0.5f}}}, {7, {}}, {8, {{4, 0.5f, 0.7f}}}};
    QCOMPARE(pairs_to_verify(two, {}).size(), std::size_t(3));
    const std::vector<FramePair> best = pairs_to_verify(two, {.top = 2, .max_pairs = 2});
    QVERIFY((best == std::vector<FramePair>{{6, 2}, {8, 4}}));
  }

  void scans_that_are_gone_are_told_and_the_others_measured() {
    Sequence broken = city_;
    const FrameId query = all_.pairs.begin()->first.first;
    broken.frames[std::size_t(query)].cloud = at("gone.bin");
    VerifiedPairs known = all_.pairs;
    std::erase_if(known, [&](const auto& each) { return each.first.first == query; });
    const Verification result = verify(experiment_, broken, known, {.top = 2});
    QCOMPARE(result.failed, all_.pairs.size() - known.size());
    QVERIFY2(result.failure.find("gone.bin") != std::string::npos, result.failure.c_str());
  }
};

QTEST_APPLESS_MAIN(VerificationTest)
#include "verification_test.moc"
