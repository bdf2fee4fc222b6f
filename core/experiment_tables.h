#pragma once

#include "core/experiment.h"

namespace relocus {

/// query,rank,candidate,distance,similarity,true_distance_m,correct,retrieval_rank,yaw_deg: one line per answer, best
/// first; unknown fields are empty. `retrieval_rank` is the answer's place before re-ranking.
std::string candidates_csv(const Experiment& experiment, const Trajectory& trajectory);

/// Fills `retrievals` and `retrieved` of an experiment whose frame numbers are known. `name` stands in errors.
void read_candidates_csv(std::string_view text, const std::string& name, Experiment& experiment);

/// threshold,precision,recall,f1,true_positives,false_positives,false_negatives
std::string pr_curve_csv(const Figures& figures);

/// n,recall
std::string recall_csv(const Figures& figures);

/// frame,number,stamp,x,y,z,heading,travelled: ground truth in full precision; frames without a pose have empty fields.
std::string trajectory_csv(const Trajectory& trajectory);
Trajectory read_trajectory_csv(std::string_view text, const std::string& name);

/// Right answers as the data set lists them, a line each; the panoramas of the frames.
std::string listed_csv(const Trajectory& trajectory);
void read_listed_csv(std::string_view text, const std::string& name, Trajectory& trajectory);
std::string places_csv(const Trajectory& trajectory);
void read_places_csv(std::string_view text, const std::string& name, Trajectory& trajectory);

/// query,candidate,overlap: true overlaps, by position.
std::string overlaps_csv(const OverlapTable& overlaps);
OverlapTable read_overlaps_csv(std::string_view text, const std::string& name);

}  // namespace relocus
