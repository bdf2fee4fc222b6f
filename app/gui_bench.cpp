#include "app/gui_bench.h"

#include <malloc.h>
#include <unistd.h>

#include <QAction>
#include <QApplication>
#include <QDockWidget>
#include <QElapsedTimer>
#include <QFile>
#include <QMouseEvent>
#include <QOpenGLWidget>
#include <QTemporaryDir>
#include <QTimer>
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <functional>
#include <nlohmann/json.hpp>
#include <tuple>

#include "app/gui_bench_data.h"
#include "app/main_window.h"
#include "core/environment.h"
#include "core/error.h"
#include "widgets/cloud_view.h"
#include "widgets/matrix_canvas.h"

namespace relocus {
namespace {

constexpr int kWarmUp = 4, kFrameChanges = 24;   // frames
constexpr int kTurning = 3000, kPlaying = 3000;  // [ms]
constexpr int kGlances = 6, kGlance = 400;       // queries, and [ms] that each is looked at
constexpr int kPatience = 60000;                 // [ms]
constexpr int kBeat = 5;                         // [ms]

struct Figure {
  const char* name;
  QString what, unit;
  double value;
  double target;
  bool at_most = true;
  bool is_met() const { return at_most ? value <= target : value >= target; }
};

/// The longest time in which the window could not have answered.
class Heartbeat {
 public:
  Heartbeat() {
    QObject::connect(&clock_, &QTimer::timeout, &clock_,
                     [this] { longest_ = std::max(longest_, since_.restart() - kBeat); });
    since_.start();
    clock_.start(kBeat);
  }
  double longest() const { return double(longest_); }

 private:
  QTimer clock_;
  QElapsedTimer since_;
  qint64 longest_ = 0;
};

/// Sleeps until something happens, as the window does: who asks all the time takes a core from what is measured.
void turn_loop(int at_most) {
  QTimer alarm;
  alarm.start(at_most);
  QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents);
}

void wait_until(const char* what, const std::function<bool()>& done) {
  QElapsedTimer clock;
  clock.start();
  while (!done()) {
    if (clock.elapsed() > kPatience) throw Error("the bench waited in vain: {}", what);
    turn_loop(50);
  }
}

void rest(int milliseconds) {
  QElapsedTimer clock;
  clock.start();
  while (clock.elapsed() < milliseconds) turn_loop(std::max(1, milliseconds - int(clock.elapsed())));
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

/// [MB] that the process held at most.
double peak_memory() {
  QFile file("/proc/self/status");
  if (!file.open(QIODevice::ReadOnly)) return 0;
  for (const QByteArray& line : file.readAll().split('\n'))
    if (line.startsWith("VmHWM:")) return line.mid(6).simplified().split(' ').value(0).toDouble() * 1024 / 1e6;
  return 0;
}

/// What the making of data held does not count.
void forget_peak_memory() {
  ::malloc_trim(0);
  QFile file("/proc/self/clear_refs");
  if (file.open(QIODevice::WriteOnly)) file.write("5");
}

template <class T>
T* in_dock(MainWindow& window, const char* name) {
  auto* dock = window.findChild<QDockWidget*>(name);
  return dock ? dock->findChild<T*>() : nullptr;
}

/// The longest time without an answer while somebody turns to a layout and walks on to other queries there.
double longest_stall_in(const QString& layout, Session& session, MainWindow& window) {
  const Heartbeat heartbeat;
  window.choose_layout(layout);
  rest(kGlance);
  const auto frames = FrameId(session.opened()->sequence.frames.size());
  for (int i = 1; i <= kGlances; ++i) {
    session.select_query((session.query() + frames / kGlances) % frames);
    rest(kGlance);
    wait_until("the views of a query", [&] { return session.is_idle(); });
  }
  return heartbeat.longest();
}

/// The same while the sequence is played.
double longest_stall_playing(MainWindow& window) {
  auto* play = window.findChild<QAction*>("go.play");
  if (!play) throw Error("there is no command that plays");
  const Heartbeat heartbeat;
  play->trigger();
  rest(kPlaying);
  play->trigger();
  return heartbeat.longest();
}

/// From the choice of a frame until its points are on the screen; the views beside it change, too.
double frame_change(Session& session, QOpenGLWidget& scene, const CloudView& view) {
  std::vector<double> times;
  bool scan_came = false, swapped = false;
  const auto came =
      QObject::connect(&session, &Session::query_scan_changed, &scene, [&] { scan_came = true, swapped = false; });
  const auto seen = QObject::connect(&scene, &QOpenGLWidget::frameSwapped, &scene, [&] { swapped = true; });
  const FrameId first = std::max(0, session.query());
  for (int i = 1; i <= kWarmUp + kFrameChanges; ++i) {
    wait_until("reading ahead", [&] { return session.is_idle(); });
    rest(20);
    scan_came = swapped = false;
    QElapsedTimer clock;
    clock.start();
    session.select_query((first + i) % FrameId(session.opened()->sequence.frames.size()));
    wait_until("a frame to be drawn", [&] { return scan_came && swapped && view.points_drawn() > 0; });
    if (i > kWarmUp) times.push_back(double(clock.nsecsElapsed()) / 1e6);
  }
  QObject::disconnect(came);
  QObject::disconnect(seen);
  return median(times);
}

void send_mouse(QWidget& to, QEvent::Type type, QPointF at, Qt::MouseButtons buttons) {
  QMouseEvent event(type, at, to.mapToGlobal(at), type == QEvent::MouseMove ? Qt::NoButton : Qt::LeftButton, buttons,
                    Qt::NoModifier);
  QCoreApplication::sendEvent(&to, &event);
}

/// Frames a second while the mouse drags the scene round.
double frames_while_turning(QOpenGLWidget& scene) {
  int frames = 0;
  const auto seen = QObject::connect(&scene, &QOpenGLWidget::frameSwapped, &scene, [&] { ++frames; });
  QPointF at = QRectF(scene.rect()).center();
  send_mouse(scene, QEvent::MouseButtonPress, at, Qt::LeftButton);
  QElapsedTimer clock;
  clock.start();
  while (clock.elapsed() < kTurning) {
    const int before = frames;
    at.rx() += 3;
    send_mouse(scene, QEvent::MouseMove, at, Qt::LeftButton);
    wait_until("a turned frame", [&] { return frames > before; });
  }
  const double seconds = double(clock.nsecsElapsed()) / 1e9;
  send_mouse(scene, QEvent::MouseButtonRelease, at, Qt::NoButton);
  QObject::disconnect(seen);
  return frames / seconds;
}

/// From the moment when somebody looks for the matrix of all pairs until it is on the screen.
double matrix_shown(Session& session, QDockWidget& dock, QWidget& canvas) {
  bool made = false;
  const auto told = QObject::connect(&session.matrices(), &MatrixMaker::made, &canvas, [&] { made = true; });
  QElapsedTimer clock;
  clock.start();
  dock.show();
  dock.raise();
  wait_until("the matrix", [&] { return made || session.matrices().matrices(); });
  canvas.repaint();
  const double seconds = double(clock.nsecsElapsed()) / 1e9;
  QObject::disconnect(told);
  return seconds;
}

void print_table(const std::vector<Figure>& figures, const Session& session) {
  std::printf("%s, %zu frames, %d threads\n\n", session.opened()->sequence.name.c_str(),
              session.opened()->sequence.frames.size(), thread_count());
  for (const Figure& figure : figures)
    std::printf("%-58s %9.1f %-4s %s %6.1f  %s\n", figure.what.toUtf8().constData(), figure.value,
                figure.unit.toUtf8().constData(), figure.at_most ? "<=" : ">=", figure.target,
                figure.is_met() ? "met" : "MISSED");
}

void print_json(const std::vector<Figure>& figures, const Session& session) {
  nlohmann::ordered_json json{{"frames", session.opened()->sequence.frames.size()}, {"threads", thread_count()}};
  for (const Figure& figure : figures)
    json["figures"].push_back({{"name", figure.name},
                               {"what", figure.what.toStdString()},
                               {"value", figure.value},
                               {"unit", figure.unit.toStdString()},
                               {figure.at_most ? "at_most" : "at_least", figure.target},
                               {"met", figure.is_met()}});
  std::printf("%s\n", json.dump().c_str());
}

}  // namespace

double milliseconds_since_start() {
  QFile file("/proc/self/stat");  // field 22: when it began, in clock ticks since the machine did
  timespec now{};
  if (!file.open(QIODevice::ReadOnly) || ::clock_gettime(CLOCK_BOOTTIME, &now) != 0) return 0;
  const QByteArray text = file.readAll();
  const auto fields = text.mid(text.lastIndexOf(')') + 2).split(' ');  // of the third on
  const double began = fields.value(19).toDouble() / double(::sysconf(_SC_CLK_TCK));
  return 1000 * (double(now.tv_sec) + double(now.tv_nsec) / 1e9 - began);
}

void run_gui_bench(Session& session, MainWindow& window, const QString& experiment, bool json, double shown_after) {
  std::vector<Figure> figures;
  figures.push_back({"window_shown", "Window shown after the start", "ms", shown_after, 1000});

  QTemporaryDir scratch;
  std::filesystem::path folder = experiment.toStdString();
  if (folder.empty()) {
    std::fprintf(stderr, "relocus: making a sequence of %d frames\n", kBenchFrames);
    folder = write_bench_experiment(scratch.path().toStdString());
    forget_peak_memory();
  }
  QString trouble;
  const auto failed =
      QObject::connect(&session, &Session::failed, &session, [&](const QString& message) { trouble = message; });
  window.choose_layout("browse");  // nobody looks at the matrix yet
  {
    const Heartbeat heartbeat;
    session.open(folder);
    wait_until("opening", [&] { return !trouble.isEmpty() || (session.opened() && session.is_idle()); });
    if (!trouble.isEmpty()) throw Error("{}", trouble.toStdString());
    rest(1000);
    figures.push_back(
        {"longest_stall", "Longest time without an answer while opening", "ms", heartbeat.longest(), 100});
  }

  rest(500);
  auto* view = in_dock<CloudView>(window, "query");
  auto* scene = in_dock<QOpenGLWidget>(window, "query");
  if (!view || !scene) throw Error("there is no view of the query's scan");
  figures.push_back(
      {"frame_change", "Frame change to the pixels, 120,000 points", "ms", frame_change(session, *scene, *view), 60});
  figures.push_back({"turning", "Frames while turning 120,000 points", "1/s", frames_while_turning(*scene), 20, false});
  figures.push_back({"longest_stall_playing", "Longest time without an answer while playing", "ms",
                     longest_stall_playing(window), 100});
  for (const auto& [name, layout, what] :
       {std::tuple("longest_stall_inspect", "inspect", "Longest time without an answer in Inspect"),
        std::tuple("longest_stall_evaluate", "evaluate", "Longest time without an answer in Evaluate")})
    figures.push_back({name, what, "ms", longest_stall_in(layout, session, window), 100});
  window.choose_layout("browse");
  auto* matrix = in_dock<MatrixCanvas>(window, "matrix");
  if (matrix && !session.experiment()->descriptors.size()) matrix = nullptr;
  if (matrix)
    figures.push_back({"matrix", "Matrix of all pairs shown", "s",
                       matrix_shown(session, *window.findChild<QDockWidget*>("matrix"), *matrix), 1.5});
  figures.push_back({"memory", "Memory of the process at most", "MB", peak_memory(), 600});
  QObject::disconnect(failed);
  json ? print_json(figures, session) : print_table(figures, session);
}

}  // namespace relocus
