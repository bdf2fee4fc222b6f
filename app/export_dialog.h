#pragma once

#include <QDialog>
#include <filesystem>

class QCheckBox;
class QComboBox;
class QDialogButtonBox;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace relocus {

struct Experiment;

/// Where a file goes: a line to type in, and a button that looks through the folders.
class FileRow : public QWidget {
  Q_OBJECT

 public:
  explicit FileRow(QWidget* parent = nullptr);

  std::filesystem::path path() const;
  void show_path(const QString& path);
  void show_extension(const QString& extension);  ///< of the file: ".csv"

 Q_SIGNALS:
  void path_changed();

 private:
  QLineEdit* line_;
  QString extension_;
};

/// Asks what of an experiment is handed over, as what, and where to.
class ExportDialog : public QDialog {
  Q_OBJECT

 public:
  /// `name`: of the file, without its extension; `threshold`: from which score on answers are accepted.
  ExportDialog(const QString& folder, const QString& name, const Experiment& experiment, double threshold,
               QWidget* parent = nullptr);

  void choose_format(const QString& name);
  void choose_accepted_only(bool accepted_only);
  void offer_verified();  ///< some answers were verified: they may be taken instead of those above the threshold

  QString format() const;
  bool accepted_only() const;
  bool verified_alone() const;
  std::filesystem::path path() const;

 private:
  void show_format();
  void show_path();

  QComboBox* format_;
  QCheckBox *accepted_only_, *verified_alone_;
  QLabel* threshold_;
  FileRow* file_;
  QLabel* remark_;
  QDialogButtonBox* buttons_;
};

/// Asks which view is saved as a picture, how large, and where to.
class PictureDialog : public QDialog {
  Q_OBJECT

 public:
  /// `views`: (name, title) of those that can be seen.
  PictureDialog(const std::vector<std::pair<QString, QString>>& views, const QString& folder, QSize size,
                QWidget* parent = nullptr);

  void choose_view(const QString& name);

  QString view() const;
  QSize size_of_picture() const;  ///< [pixels]
  std::filesystem::path path() const;

 private:
  QComboBox* view_;
  QSpinBox *width_, *height_;
  FileRow* file_;
};

}  // namespace relocus
