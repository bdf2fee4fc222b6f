#pragma once

#include <QDialog>

class QLineEdit;
class QListWidget;

namespace relocus {

class ManualBrowser;

/// The manual: the pages of resources/docs, in the order of their index, beside the page that is read.
class ManualDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ManualDialog(QWidget* parent = nullptr);

  void show_page(const QString& name);  ///< "guide.md"
  QString page() const;                 ///< that is read
  QStringList pages() const;            ///< all of them, in order

  /// Goes on to the next place, of this page or of the pages after it, that holds the text; false where none does.
  bool find_next(const QString& text);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void read_index();

  QListWidget* list_;
  QLineEdit* search_;
  ManualBrowser* browser_;
};

/// Shows the manual of that window, beside it, so that what is read can be tried.
void show_manual(QWidget* window);

}  // namespace relocus
