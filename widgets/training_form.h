#pragma once

#include <QWidget>

#include "core/training.h"

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QListWidget;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace relocus {

class OptionsForm;

/// What a person wants trained: method and stage, sequences to learn from and to hold out, options, and where it goes.
class TrainingForm : public QWidget {
  Q_OBJECT

 public:
  explicit TrainingForm(QWidget* parent = nullptr);

  void show_methods(const std::vector<std::pair<QString, QString>>& methods);  ///< name and title of each
  void show_job(const TrainingJob& job);
  TrainingJob job() const;

  void add_sequences(const QStringList& folders, bool held_out);
  void show_open_sequence(const QString& folder);        ///< that can be added; empty: none
  void show_running(bool running, bool can_be_stopped);  ///< a training is in sight that runs
  void show_simulating(const QString& sentence);         ///< a city is being made; empty: none

  QPushButton* start_button() const { return start_; }
  QPushButton* stop_button() const { return stop_; }
  QPushButton* resume_button() const { return resume_; }
  QListWidget* list(bool held_out) const { return held_out ? held_out_ : learnt_; }
  OptionsForm* options() const { return options_; }

 Q_SIGNALS:
  void start_wanted();
  void stop_wanted();
  void resume_wanted();
  void watch_wanted();
  void folders_wanted(bool held_out);
  void cities_wanted(bool held_out);  ///< simulated ones
  void out_wanted();                  ///< a dialog for the folder
  void weights_wanted();

 private:
  QWidget* make_list(const QString& title, const QString& tip, bool held_out, QListWidget*& list);
  const TrainingStage* stage() const;  ///< null: all
  void fill_stages();
  void fill_options();
  void show_what_is_missing();

  QComboBox *method_, *stage_, *device_;
  QListWidget *learnt_ = nullptr, *held_out_ = nullptr;
  OptionsForm* options_;
  QLineEdit *out_, *weights_;
  QSpinBox* threads_;
  QCheckBox* half_;
  QPushButton *start_, *stop_, *resume_, *watch_;
  QLabel* words_;
  QString open_, simulating_;
  bool running_ = false, stoppable_ = false;
};

}  // namespace relocus
