#pragma once

#include <QWidget>
#include <optional>

#include "core/why.h"

class QTextBrowser;

namespace relocus {

/// The sentence that a person reads for a reason, with its figures.
QString sentence_of(Reason reason, const PairFacts& facts);

/// Why the answer of the selected pair is what it is, in words and figures.
class WhyCard : public QWidget {
  Q_OBJECT

 public:
  explicit WhyCard(QWidget* parent = nullptr);

  /// `numbers`: Frame::number of both. `waiting`: what the scans say is still to come.
  void show_facts(const PairFacts& facts, std::int64_t query, std::int64_t candidate, bool waiting = false);
  void show_empty(const QString& text);

  QString text() const;

 private:
  QTextBrowser* words_;
};

}  // namespace relocus
