#pragma once

#include <QLayout>
#include <vector>

namespace relocus {

/// Widgets from left to right, in as many rows as the width asks for: nothing is squeezed or cut off in a narrow dock.
class FlowLayout : public QLayout {
 public:
  explicit FlowLayout(QWidget* parent = nullptr) : QLayout(parent) {}
  ~FlowLayout() override;

  void insert(int index, QWidget* widget);

  void addItem(QLayoutItem* item) override { items_.push_back(item); }
  int count() const override { return int(items_.size()); }
  QLayoutItem* itemAt(int index) const override;
  QLayoutItem* takeAt(int index) override;
  Qt::Orientations expandingDirections() const override { return {}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override { return place(QRect(0, 0, width, 0), false); }
  QSize sizeHint() const override;
  QSize minimumSize() const override;
  void setGeometry(const QRect& area) override;

 private:
  int place(const QRect& area, bool move) const;  ///< the height that it takes

  std::vector<QLayoutItem*> items_;
};

}  // namespace relocus
