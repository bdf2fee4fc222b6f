#pragma once

#include <QTabBar>

class QComboBox;

namespace relocus {

/// Tabs that turn into a box where they do not fit beside each other: none hides behind arrows.
class FoldingTabs : public QTabBar {
  Q_OBJECT

 public:
  explicit FoldingTabs(QWidget* parent = nullptr);

  bool is_folded() const;
  QComboBox* box() const { return box_; }  ///< shown while it is folded

 protected:
  QSize minimumSizeHint() const override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void tabLayoutChange() override;

 private:
  void fold();
  void fill_box();

  QComboBox* box_ = nullptr;
  bool folding_ = false;
};

}  // namespace relocus
