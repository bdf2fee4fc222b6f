#pragma once

#include <QObject>
#include <QTimer>
#include <memory>

#include "app/job.h"
#include "core/training.h"
#include "core/training_folder.h"

namespace relocus {

/// Starts, stops and watches trainings. Each is a process of its own, `relocus-cli train`: a crash or a full memory
/// there leaves the window alone, closing the window leaves the training alone, and what the window knows of it is what
/// the training writes into its folder, so that one that somebody else runs is watched in the same way.
class TrainingDesk : public QObject {
  Q_OBJECT

 public:
  explicit TrainingDesk(QObject* parent = nullptr);

  void start(const TrainingJob& job);  ///< also resumes
  void stop();                         ///< asks the process to end behind the present step
  void watch(const std::filesystem::path& folder);

  const std::shared_ptr<const TrainingProgress>& training() const { return training_; }
  bool is_running() const { return running_; }
  bool can_be_stopped() const { return process_ > 0; }
  void look_every(int milliseconds) { timer_.setInterval(milliseconds); }

  /// The command line of a training, without the program.
  static QStringList arguments(const TrainingJob& job);

 Q_SIGNALS:
  void changed();  ///< training(), is_running(), can_be_stopped()
  void started(const QString& folder);
  void ended(const QString& how);        ///< "finished", …
  void failed(const QString& sentence);  ///< it could not be started, read, or ended with an error

 private:
  struct View {
    std::shared_ptr<const TrainingProgress> training;  ///< null: nothing is there yet
    std::string problem;                               ///< why it cannot be read
    std::string error;                                 ///< that the process named
    int process = 0;
    bool running = false;
  };
  static View look(const std::filesystem::path& folder, int process);
  void look();
  void show(View view);

  QTimer timer_;
  JobRunner reader_;
  std::filesystem::path folder_;
  std::shared_ptr<const TrainingProgress> training_;
  int process_ = 0;       ///< that can be stopped; 0: none
  bool running_ = false;  ///< as far as was told
  bool own_ = false;      ///< this desk started it
};

}  // namespace relocus
