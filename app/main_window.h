#pragma once

#include <QMainWindow>
#include <filesystem>

#include "app/actions.h"
#include "app/session.h"
#include "app/session_file.h"
#include "widgets/theme.h"

class QDockWidget;
class QStackedWidget;

namespace relocus {

class Autosave;
class BevView;
class CandidateTable;
class CloudView;
class CommandPalette;
class CompareView;
class CurveView;
class Errand;
class FailureTable;
class FrameBar;
class ImagesView;
class LogView;
class MatrixView;
class MessageBar;
class MethodForm;
class PairView;
class ProtocolForm;
class ReviewForm;
class RunPanel;
class SensitivityView;
class SequencePanel;
class StatusLine;
class TrajectoryView;
class WelcomePage;
class WhyCard;

/// The window: it makes the views, lays them out as docks, and wires them to the session. Nothing else knows both.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  /// `remember`: takes and keeps layout, theme and recent paths between sessions (not for pictures and tests).
  explicit MainWindow(Session& session, bool remember = true);
  ~MainWindow() override;

  void choose_theme(Theme theme);

  // Layouts: presets, and those that a person saved.
  QStringList layouts() const;
  /// By name, at once or when something is opened. False: there is none.
  bool choose_layout(const QString& name);
  void save_layout(const QString& name);
  void forget_layout(const QString& name);

  // Sessions as files.
  /// False when it cannot be read, which is told. `remembered`: among what was opened last.
  bool open_session(const std::filesystem::path& path, bool remembered = true);
  void save_session(const std::filesystem::path& path);
  /// The steps to it. Throws when it cannot be read.
  void plan_session(Errand& errand, const std::filesystem::path& path);
  void open_path(const QString& path);  ///< a sequence, an experiment or a session

 protected:
  void closeEvent(QCloseEvent* event) override;
  void changeEvent(QEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  bool event(QEvent* event) override;

 private:
  void add_commands();
  void make_views();
  QDockWidget* add_dock(const QString& name, const QString& title, QWidget* content);
  void wire();
  void add_pair_views();  ///< query and candidate in one view; images
  void show_images();
  void add_patches();  ///< over the images; in main_window_patches.cpp
  void add_evaluation_views();
  void add_evaluation_commands(CompareView* compare, SensitivityView* sensitivity);
  void wire_plot_exports();
  QString plot_stamp() const;
  void add_review_views();  ///< matrix, failures, why; in main_window_review.cpp
  void wire_trajectory();
  void wire_matrix();
  void wire_failures();
  void wire_review();
  void select_pair(FrameId query, FrameId candidate);  ///< candidate -1: the first one
  void show_failures();
  void add_feature_views();
  void add_training_view();  ///< in main_window_train.cpp
  void add_truth_view();     ///< in main_window_truth.cpp
  void add_layouts();
  void lay_out(const QString& name);
  void show_saved_layouts();
  void ask_name_of_layout();
  void ask_which_layout_to_forget();
  void show_workspace();
  void restore();
  void keep();

  void ask_for_folder();
  void ask_for_sequence_of(const std::filesystem::path& experiment);
  void ask_where_to_save();
  void ask_for_sample();
  void ask_which(const std::filesystem::path& root, const std::vector<std::filesystem::path>& sequences);
  void ask_for_frame();
  void show_keyboard();
  void tell_about();

  void show_what_is_possible();
  void add_session_files();
  void offer_recovery();
  void recover();
  SessionFile present_session(bool unsaved) const;
  QByteArray saved_docks() const;
  void restore_docks(const QByteArray& docks);
  void ask_for_session();
  void ask_where_to_save_session();
  void open_several(const QStringList& paths);

  void add_exports();
  void ask_what_to_export(const QString& format);
  void ask_for_picture();
  void save_picture_of(const QString& view, QSize size, const std::filesystem::path& path);
  void tell_export(const std::filesystem::path& path);

  void show_undo();
  void show_recent();
  void show_activity(Activity activity, bool active);
  void show_activity_title();
  void show_device();
  void show_candidates();
  void show_selection();
  QString why_no_candidate() const;
  void show_titles();

  Session& session_;
  const bool remember_;
  Actions actions_;
  Theme theme_ = Theme::System;
  bool in_workspace_ = false;
  std::optional<Activity> shown_activity_;

  JobRunner* picture_saver_;
  Autosave* autosave_ = nullptr;  // null: nothing is remembered
  WelcomePage* welcome_;
  CommandPalette* palette_;
  MessageBar* messages_;
  StatusLine* status_;
  SequencePanel* sequence_;
  MethodForm* method_;
  ProtocolForm* protocol_;
  RunPanel* run_;
  CloudView *query_, *candidate_;
  BevView* bev_;
  TrajectoryView* trajectory_;
  CandidateTable* candidates_;
  CurveView* curves_;
  LogView* log_;
  MatrixView* matrix_;
  FailureTable* failures_;
  WhyCard* why_;
  ReviewForm* review_;
  FrameBar* frames_;
  PairView* pair_;
  ImagesView* images_;
  QToolBar *frames_bar_, *layouts_bar_;
  QString layout_ = "inspect";  ///< that was chosen last, as reset gives it back
  bool layout_wanted_ = false;  ///< by somebody, before anything was open
  std::map<QString, QDockWidget*> docks_;
};

}  // namespace relocus
