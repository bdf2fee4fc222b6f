#include <malloc.h>

#include <QApplication>
#include <QCommandLineParser>
#include <QFileInfo>
#include <QImageWriter>
#include <QStyleFactory>
#include <QSurfaceFormat>
#include <QTimer>
#include <csignal>
#include <cstdio>
#include <functional>
#include <optional>

#include "app/errand.h"
#include "app/gui_bench.h"
#include "app/main_window.h"
#include "app/session_file.h"
#include "app/window_options.h"
#include "core/environment.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

constexpr int kLargeBlock = 1 << 20;      // [byte] those of scans, matrices and pictures
constexpr int kFailed = 1, kMisused = 2;  // exit codes, as those of relocus-cli

/// What stands on the command line.
struct Wishes {
  QString path, method, picture, layout;
  QStringList more;  ///< experiments beside the first
  std::optional<std::int64_t> query;
  QSize size{1600, 1000};  ///< of the picture [px]
  std::optional<Theme> theme;
  bool bench = false, json = false;
};

int complain(const QString& message, int code) {
  std::fprintf(stderr, "relocus: %s\n", message.toUtf8().constData());
  return code;
}

QSize size_of(const QString& text) {
  const auto parts = text.split('x');
  return parts.size() == 2 ? QSize(parts[0].toInt(), parts[1].toInt()) : QSize();
}

/// The wishes, or nothing and why.
std::optional<Wishes> read_arguments(QString& error) {
  QCommandLineParser parser;
  parser.setApplicationDescription(kWindowHelp);
  parser.addHelpOption();
  parser.addVersionOption();
  parser.addPositionalArgument("path", kWindowArgumentsHelp, kWindowArguments);
  for (const WindowOption& option : kWindowOptions)
    parser.addOption({QString(option.name), option.help, option.value, option.standard});
  parser.process(*qApp);

  Wishes wishes;
  const auto positional = parser.positionalArguments();
  wishes.path = positional.value(0);
  wishes.more = positional.mid(1);
  wishes.method = parser.value("method");
  wishes.picture = parser.value("screenshot");
  wishes.layout = parser.value("layout");
  wishes.bench = parser.isSet("bench-gui");
  wishes.json = parser.isSet("json");
  wishes.size = size_of(parser.value("size"));
  bool number = true;
  if (parser.isSet("query")) wishes.query = parser.value("query").toLongLong(&number);
  const QString theme = parser.value("theme");
  if (theme == "light") wishes.theme = Theme::Light;
  if (theme == "dark") wishes.theme = Theme::Dark;
  if (theme == "system") wishes.theme = Theme::System;

  if (!number)
    error = QString("--query %1 is no number").arg(parser.value("query"));
  else if (wishes.size.width() < 100 || wishes.size.height() < 100)
    error = QString("--size %1 is no size; give it as 1600x1000").arg(parser.value("size"));
  else if (!theme.isEmpty() && !wishes.theme)
    error = QString("--theme %1 is unknown; there are system, light and dark").arg(theme);
  else if (wishes.path.isEmpty() && (!wishes.method.isEmpty() || wishes.query))
    error = "--method and --query need a sequence or an experiment";
  else
    return wishes;
  return std::nullopt;
}

void plan(Errand& errand, Session& session, MainWindow& window, const Wishes& wishes) {
  if (wishes.path.endsWith(session_suffix) && QFileInfo(wishes.path).isFile())
    window.plan_session(errand, wishes.path.toStdString());
  else if (!wishes.path.isEmpty())
    errand.then([&, path = wishes.path.toStdString()] { session.open(path); });
  for (const QString& more : wishes.more) errand.then([&session, path = more.toStdString()] { session.open(path); });
  if (!wishes.more.isEmpty())  // the window is about the first one
    errand.then([&session] {
      if (const auto& all = session.experiments().all(); !all.empty()) session.select_experiment(all.front().id);
    });
  if (!wishes.method.isEmpty())
    errand.then([&, name = wishes.method.toStdString()] {
      if (session.experiment() && session.experiment()->method == name) return;  // it is what was opened
      MethodChoice choice = session.method_choice();
      if (choice.name != name) choice = {name, nullptr, choice.resources};
      session.choose_method(choice);
      session.run();
    });
  if (wishes.query) errand.then([&session, number = *wishes.query] { session.select_number(number); });
}

/// Draws the window once more and saves it. Returns what went wrong, or nothing.
QString save_picture(MainWindow& window, const Wishes& wishes) {
  QCoreApplication::processEvents();
  const QPixmap picture = window.grab();
  if (picture.size() != wishes.size * window.devicePixelRatio())
    std::fprintf(stderr, "relocus: the window needs %dx%d\n", picture.width(), picture.height());
  QImageWriter writer(wishes.picture);
  if (!writer.write(picture.toImage())) return QString("cannot write %1: %2").arg(wishes.picture, writer.errorString());
  return {};
}

/// Waits for the window's first picture, then measures.
int bench(Session& session, MainWindow& window, const Wishes& wishes) {
  QTimer::singleShot(0, &window, [&] {
    window.repaint();
    const double shown_after = milliseconds_since_start();
    try {
      run_gui_bench(session, window, wishes.path, wishes.json, shown_after);
      QCoreApplication::exit(0);
    } catch (const std::exception& error) {
      QCoreApplication::exit(complain(error.what(), kFailed));
    }
  });
  return QCoreApplication::exec();
}

/// No session ends because something could not be shown: the reason is told and the window goes on.
class Application : public QApplication {
 public:
  using QApplication::QApplication;

  bool notify(QObject* receiver, QEvent* event) override {
    try {
      return QApplication::notify(receiver, event);
    } catch (const std::exception& error) {
      complain(error.what(), kFailed);
      if (tell) tell(message_of(error));
      return true;
    }
  }

  std::function<void(const QString&)> tell;
};

/// Qt ends the program where no display is; this tells it as any other problem. Help and version need none.
bool settle_display(int argc, char** argv) {
  const auto set = [](const char* name) { return !qEnvironmentVariableIsEmpty(name); };
  if (set("DISPLAY") || set("WAYLAND_DISPLAY") || set("QT_QPA_PLATFORM")) return true;
  const QStringList asked(argv + 1, argv + argc);
  if (!asked.contains("--help") && !asked.contains("-h") && !asked.contains("--version") && !asked.contains("-v"))
    return false;
  qputenv("QT_QPA_PLATFORM", "minimal");
  return true;
}

int start(int argc, char** argv) {
  if (!settle_display(argc, argv))
    return complain(
        "there is no display; start it on a desktop, or under xvfb-run for --screenshot (relocus-cli needs no display)",
        kFailed);
  Application app(argc, argv);
  QApplication::setOrganizationName("relocus");
  QApplication::setApplicationName("relocus");
  QApplication::setApplicationVersion(QString::fromStdString(version()));

  QString misuse;
  const auto wishes = read_arguments(misuse);
  if (!wishes) return complain(misuse + " (see --help)", kMisused);
  const bool for_picture = !wishes->picture.isEmpty();

  Session session;
  MainWindow window(session, /*remember=*/!for_picture && !wishes->bench);
  app.tell = [&session](const QString& message) {
    Q_EMIT session.logged(Severity::Error, message);
    Q_EMIT session.failed(message);
  };
  if (!wishes->layout.isEmpty() && !window.choose_layout(wishes->layout))
    return complain(QString("--layout %1 is unknown; there are %2").arg(wishes->layout, window.layouts().join(", ")),
                    kMisused);
  if (wishes->theme) window.choose_theme(*wishes->theme);
  if (for_picture) window.resize(wishes->size);
  window.show();

  if (wishes->bench) return bench(session, window, *wishes);
  Errand errand(session);
  try {
    plan(errand, session, window, *wishes);
  } catch (const std::exception& error) {  // a session that cannot be read
    if (for_picture) return complain(error.what(), kFailed);
    app.tell(message_of(error));
  }
  if (for_picture) {
    QObject::connect(&session, &Session::several_sequences, &errand, [&](const auto& root, const auto& sequences) {
      errand.give_up(QString("%1 holds %2 sequences; name one of them, for example %3")
                         .arg(QString::fromStdString(root.string()))
                         .arg(sequences.size())
                         .arg(QString::fromStdString(sequences.front().string())));
    });
    QObject::connect(&errand, &Errand::failed, &app, [&](const QString& m) { app.exit(complain(m, kFailed)); });
    QObject::connect(&errand, &Errand::done, &app, [&] {
      const QString problem = save_picture(window, *wishes);
      app.exit(problem.isEmpty() ? 0 : complain(problem, kFailed));
    });
  }
  errand.start();
  const int code = app.exec();
  app.tell = nullptr;
  return code;
}

}  // namespace
}  // namespace relocus

int main(int argc, char** argv) {
#ifdef __GLIBC__
  ::mallopt(M_MMAP_THRESHOLD, relocus::kLargeBlock);  // goes back when it is freed, whatever was made after it
#endif
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error with a name, not the end of the program
  return relocus::start(argc, argv);
}
