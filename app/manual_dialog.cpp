#include "app/manual_dialog.h"

#include <QAction>
#include <QDesktopServices>
#include <QEvent>
#include <QFile>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QRegularExpression>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextBrowser>
#include <QTextTable>
#include <QVBoxLayout>

#include "widgets/theme.h"

namespace relocus {
namespace {

constexpr const char* kFolder = ":/docs/";
constexpr int kLineWidth = 820;  // [px] longer lines are hard to read
constexpr int kListWidth = 210;  // [px]
constexpr int kMargin = 18;      // [px] around the text

QUrl url_of(const QString& page) { return QUrl("qrc:/docs/" + page); }

QString text_of(const QString& page) {
  QFile file(kFolder + page);
  return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

}  // namespace

/// Pages of the resources alone; pictures fit the page and the theme. Other links go to the desktop's browser.
class ManualBrowser : public QTextBrowser {
 public:
  explicit ManualBrowser(QWidget* parent) : QTextBrowser(parent) {
    setOpenLinks(false);
    setAccessibleName(tr("Page of the manual"));
    connect(this, &QTextBrowser::sourceChanged, this, [this] { dress(); });
    connect(this, &QTextBrowser::anchorClicked, this, [this](const QUrl& link) {
      const QUrl target = url_of({}).resolved(link);
      if (target.scheme() != "qrc")
        QDesktopServices::openUrl(target);
      else if (target.path().endsWith(".md"))
        setSource(target, QTextDocument::MarkdownResource);
    });
  }

 protected:
  QVariant loadResource(int type, const QUrl& name) override {
    const QUrl target = url_of({}).resolved(name);
    if (target.scheme() != "qrc") return {};  // nothing is fetched from anywhere
    if (type != QTextDocument::ImageResource) return QTextBrowser::loadResource(type, target);
    QString path = ":" + target.path();
    if (is_dark(palette())) path.replace("-light.png", "-dark.png");
    const QImage picture(path);
    const qreal scale = devicePixelRatioF();
    const int width = int(text_width() * scale);
    if (picture.width() <= width) return picture;
    QImage fitting = picture.scaledToWidth(width, Qt::SmoothTransformation);
    fitting.setDevicePixelRatio(scale);
    return fitting;
  }

  void resizeEvent(QResizeEvent* event) override {
    keep_lines_short();
    QTextBrowser::resizeEvent(event);
  }

 private:
  int side_margin() const { return std::max(kMargin, (viewport()->width() - kLineWidth) / 2); }
  int text_width() const { return std::max(200, viewport()->width() - 2 * side_margin() - kMargin); }

  void keep_lines_short() {
    QTextFrameFormat format = document()->rootFrame()->frameFormat();
    if (format.leftMargin() == side_margin()) return;
    format.setLeftMargin(side_margin());
    format.setRightMargin(side_margin());
    document()->rootFrame()->setFrameFormat(format);
  }

  /// What Markdown has no words for: code on a ground of its own, tables with thin lines and room, air between blocks.
  void dress() {
    keep_lines_short();
    QTextCursor cursor(document());
    cursor.beginEditBlock();
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
      QTextBlockFormat format = block.blockFormat();
      cursor.setPosition(block.position());
      if (format.hasProperty(QTextFormat::BlockCodeFence) || format.hasProperty(QTextFormat::BlockCodeLanguage)) {
        format.setBackground(palette().alternateBase());
        format.setLeftMargin(kMargin);
        cursor.setBlockFormat(format);
      } else if (format.headingLevel() > 1) {
        format.setTopMargin(kMargin);
        cursor.setBlockFormat(format);
      }
    }
    for (QTextFrame* frame : document()->rootFrame()->childFrames())
      if (auto* table = qobject_cast<QTextTable*>(frame)) {
        QTextTableFormat format = table->format();
        format.setBorderCollapse(true);
        format.setBorder(1);
        format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
        format.setBorderBrush(palette().mid());
        format.setCellPadding(4);
        format.setCellSpacing(0);
        table->setFormat(format);
      }
    cursor.endEditBlock();
    document()->setModified(false);
  }
};

ManualDialog::ManualDialog(QWidget* parent)
    : QDialog(parent), list_(new QListWidget(this)), search_(new QLineEdit(this)), browser_(new ManualBrowser(this)) {
  setWindowTitle(tr("Manual of Relocus"));
  setSizeGripEnabled(true);
  resize(1100, 740);
  list_->setFixedWidth(kListWidth);
  list_->setToolTip(tr("Pages of the manual"));
  list_->setAccessibleName(tr("Pages"));
  search_->setPlaceholderText(tr("Find in the manual"));
  search_->setToolTip(tr("Enter goes on to the next place that holds this text, through all pages"));
  search_->setAccessibleName(tr("Find in the manual"));
  search_->setClearButtonEnabled(true);

  auto* side = new QVBoxLayout;
  side->addWidget(search_);
  side->addWidget(list_);
  auto* all = new QHBoxLayout(this);
  all->addLayout(side);
  all->addWidget(browser_, 1);

  const auto add_key = [this](const QKeySequence& key, auto&& act) {
    auto* action = new QAction(this);
    action->setShortcut(key);
    connect(action, &QAction::triggered, this, act);
    addAction(action);
  };
  add_key(QKeySequence::Back, [this] { browser_->backward(); });
  add_key(QKeySequence::Forward, [this] { browser_->forward(); });
  add_key(QKeySequence::Find, [this] { search_->setFocus(), search_->selectAll(); });

  read_index();
  connect(list_, &QListWidget::currentRowChanged, this, [this](int row) {
    const QString name = pages().value(row);
    if (!name.isEmpty() && name != page()) show_page(name);
  });
  connect(browser_, &QTextBrowser::sourceChanged, this, [this](const QUrl& source) {
    const QSignalBlocker quiet(list_);
    list_->setCurrentRow(int(pages().indexOf(source.fileName())));
  });
  connect(search_, &QLineEdit::returnPressed, this, [this] {
    const bool found = search_->text().isEmpty() || find_next(search_->text());
    setWindowTitle(found ? tr("Manual of Relocus") : tr("Manual of Relocus: nothing found"));
  });
  show_page(pages().value(0));
}

/// The index names the pages: "- [Title](page.md): …".
void ManualDialog::read_index() {
  static const QRegularExpression link(R"(^ *- \[([^\]]+)\]\(([^):]+\.md)\))", QRegularExpression::MultilineOption);
  const auto add = [this](const QString& title, const QString& name) {
    auto* item = new QListWidgetItem(title, list_);
    item->setData(Qt::UserRole, name);
  };
  add(tr("Contents"), "index.md");
  for (auto links = link.globalMatch(text_of("index.md")); links.hasNext();) {
    const auto match = links.next();
    add(match.captured(1), match.captured(2));
  }
}

void ManualDialog::show_page(const QString& name) {
  browser_->setSource(url_of(name), QTextDocument::MarkdownResource);
}

QString ManualDialog::page() const { return browser_->source().fileName(); }

QStringList ManualDialog::pages() const {
  QStringList names;
  for (int row = 0; row < list_->count(); ++row) names += list_->item(row)->data(Qt::UserRole).toString();
  return names;
}

bool ManualDialog::find_next(const QString& text) {
  if (browser_->find(text)) return true;
  const QStringList all = pages();
  const int here = int(all.indexOf(page()));
  for (int step = 1; step <= all.size(); ++step) {
    const QString& name = all[(here + step) % all.size()];
    if (!text_of(name).contains(text, Qt::CaseInsensitive)) continue;
    show_page(name);
    browser_->moveCursor(QTextCursor::Start);
    if (browser_->find(text)) return true;
  }
  return false;
}

void show_manual(QWidget* window) {
  auto* dialog = window->findChild<ManualDialog*>();
  if (!dialog) dialog = new ManualDialog(window);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->show();
  dialog->raise();
  dialog->activateWindow();
}

void ManualDialog::changeEvent(QEvent* event) {
  QDialog::changeEvent(event);
  if (event->type() != QEvent::PaletteChange || page().isEmpty()) return;
  const int height = browser_->verticalScrollBar()->value();
  browser_->reload();  // pictures and grounds of the other theme
  browser_->verticalScrollBar()->setValue(height);
}

}  // namespace relocus
