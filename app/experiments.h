#pragma once

#include <QColor>
#include <QObject>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "app/job.h"
#include "core/curves.h"
#include "core/experiment.h"

namespace relocus {

/// One of the experiments that are open on the sequence.
struct OpenExperiment {
  int id = 0;
  QString label;                                 ///< unique; a person may choose another
  QColor colour;                                 ///< apart for every kind of colour vision
  bool visible = true;                           ///< its curves are drawn
  bool kept = false;                             ///< stays under its protocol when another is chosen
  std::filesystem::path folder;                  ///< it was read from or saved in; empty: nobody saved it
  std::filesystem::path shelter;                 ///< where it waits for that; empty: nowhere
  std::optional<double> threshold;               ///< that a person chose for it; none: that of the best F1
  std::shared_ptr<const Experiment> experiment;  ///< never null
  std::shared_ptr<const Curves> curves;          ///< null until they are counted

  const std::filesystem::path& place() const { return folder.empty() ? shelter : folder; }  ///< empty: in memory alone
};

/// The experiments that are open on the sequence, which one the window is about, and their curves, which are counted
/// here in the background. Session decides when one is added; all else a person may ask for directly.
class Experiments : public QObject {
  Q_OBJECT

 public:
  explicit Experiments(QObject* parent = nullptr);

  const std::vector<OpenExperiment>& all() const { return all_; }
  const OpenExperiment* find(int id) const;  ///< null: there is none
  const OpenExperiment* current() const { return find(current_); }
  bool is_busy() const { return counting_.is_running(); }

  /// Becomes the current one. One that is the same in method, options, weights and protocol, or from the same folder,
  /// is replaced. `folder`: where it is saved, or its shelter.
  int add(std::shared_ptr<const Experiment> experiment, const std::filesystem::path& folder = {});
  /// The same answers under another protocol.
  void replace(int id, std::shared_ptr<const Experiment> experiment);
  /// A second one with the same answers, so that it can be kept under this protocol.
  int duplicate(int id);
  void set_current(int id);
  void remove(int id);                                            ///< its neighbour becomes current
  void tell_folder(int id, const std::filesystem::path& folder);  ///< it was saved there, and needs no shelter
  void choose_threshold(int id, std::optional<double> threshold);
  void rename(int id, const QString& label);
  void show(int id, bool visible);
  void clear();

 Q_SIGNALS:
  void changed();  ///< the list, a label, what is visible, the current one, or curves that were counted
  void idle();

 private:
  OpenExperiment* entry(int id);
  QString telling_label(const Experiment& experiment) const;
  QString free_label(const QString& wanted, int except = 0) const;
  QColor free_colour() const;
  void count_next();

  JobRunner counting_;
  std::vector<OpenExperiment> all_;
  int current_ = 0, last_id_ = 0;
};

/// "Scan Context": what its method is called, "Imported" without one.
QString title_of(const Experiment& experiment);

}  // namespace relocus
