#include "app/experiments.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "app/shelter.h"
#include "core/methods/registry.h"

namespace relocus {
namespace {

/// Blue, orange, purple, sky, brown, grey: apart for every kind of colour vision, readable on light and dark.
constexpr std::array<QRgb, 6> kColours{0xff2f7fd6, 0xffe08214, 0xff9a62c8, 0xff35b5d8, 0xff9c6a4f, 0xff8a8a8a};

bool is_same_run(const Experiment& a, const Experiment& b) {
  return !a.method.empty() && a.method == b.method && a.options == b.options && a.weights_hash == b.weights_hash &&
         to_json(a.protocol) == to_json(b.protocol);
}

/// Saved in `folder`, or sheltered there. What is saved needs no shelter.
void put(OpenExperiment& open, const std::filesystem::path& folder) {
  if (folder.empty() || folder == open.place()) return;
  const bool to_be_saved = is_shelter(folder);
  remove_shelter(to_be_saved && !open.folder.empty() ? folder : open.shelter);
  open.shelter = to_be_saved && open.folder.empty() ? folder : std::filesystem::path();
  if (!to_be_saved) open.folder = folder;
}

}  // namespace

QString title_of(const Experiment& experiment) {
  if (experiment.method.empty()) return Experiments::tr("Imported");
  const auto known = methods();
  const auto found = std::ranges::find(known, experiment.method, &MethodInfo::name);
  return QString::fromStdString(found == known.end() ? experiment.method : found->title);
}

Experiments::Experiments(QObject* parent) : QObject(parent) {
  connect(&counting_, &JobRunner::running_changed, this, [this](bool running) {
    if (!running) QMetaObject::invokeMethod(this, &Experiments::idle, Qt::QueuedConnection);
  });
}

OpenExperiment* Experiments::entry(int id) {
  const auto found = std::ranges::find(all_, id, &OpenExperiment::id);
  return found == all_.end() ? nullptr : &*found;
}

const OpenExperiment* Experiments::find(int id) const { return const_cast<Experiments*>(this)->entry(id); }

int Experiments::add(std::shared_ptr<const Experiment> experiment, const std::filesystem::path& folder) {
  const auto same = std::ranges::find_if(all_, [&](const OpenExperiment& open) {
    return !open.kept && ((!folder.empty() && open.place() == folder) || is_same_run(*open.experiment, *experiment));
  });
  if (same != all_.end()) {
    current_ = same->id;
    put(*same, folder);
    replace(same->id, std::move(experiment));
    return current_;
  }
  OpenExperiment open;
  open.id = ++last_id_;
  open.label = free_label(telling_label(*experiment));
  open.colour = free_colour();
  put(open, folder);
  open.experiment = std::move(experiment);
  all_.push_back(std::move(open));
  current_ = last_id_;
  Q_EMIT changed();
  count_next();
  return current_;
}

void Experiments::replace(int id, std::shared_ptr<const Experiment> experiment) {
  OpenExperiment* open = entry(id);
  if (!open) return;
  if (open->experiment != experiment) open->curves = nullptr;
  open->experiment = std::move(experiment);
  Q_EMIT changed();
  count_next();
}

int Experiments::duplicate(int id) {
  const OpenExperiment* open = find(id);
  if (!open) return 0;
  OpenExperiment copy = *open;
  copy.id = ++last_id_;
  copy.label = free_label(
      QString::fromStdString(fmt::format("{}, {}", open->label.toStdString(), one_line(open->experiment->protocol))));
  copy.colour = free_colour();
  copy.folder.clear();
  copy.shelter.clear();
  copy.kept = true;
  all_.insert(all_.begin() + (open - all_.data()) + 1, std::move(copy));
  Q_EMIT changed();
  return last_id_;
}

void Experiments::set_current(int id) {
  if (id == current_ || !find(id)) return;
  current_ = id;
  Q_EMIT changed();
}

void Experiments::remove(int id) {
  const auto found = std::ranges::find(all_, id, &OpenExperiment::id);
  if (found == all_.end()) return;
  remove_shelter(found->shelter);
  const auto next = all_.erase(found);
  if (id == current_) current_ = all_.empty() ? 0 : next != all_.end() ? next->id : all_.back().id;
  Q_EMIT changed();
}

void Experiments::tell_folder(int id, const std::filesystem::path& folder) {
  if (OpenExperiment* open = entry(id)) put(*open, folder);
}

void Experiments::choose_threshold(int id, std::optional<double> threshold) {
  if (OpenExperiment* open = entry(id)) open->threshold = threshold;
}

void Experiments::rename(int id, const QString& label) {
  OpenExperiment* open = entry(id);
  if (!open || label.trimmed().isEmpty() || open->label == label.trimmed()) return;
  open->label = free_label(label.trimmed(), id);
  Q_EMIT changed();
}

void Experiments::show(int id, bool visible) {
  OpenExperiment* open = entry(id);
  if (!open || open->visible == visible) return;
  open->visible = visible;
  Q_EMIT changed();
}

void Experiments::clear() {
  counting_.cancel();
  if (all_.empty()) return;
  for (const OpenExperiment& open : all_) remove_shelter(open.shelter);
  all_.clear();
  current_ = 0;
  Q_EMIT changed();
}

/// Its title, and the options in which it differs from the first one of the same method: "Scan Context context=cart".
QString Experiments::telling_label(const Experiment& experiment) const {
  const QString title = title_of(experiment);
  const auto first =
      std::ranges::find(all_, experiment.method, [](const OpenExperiment& open) { return open.experiment->method; });
  if (first == all_.end()) return title;
  constexpr int kMost = 3;
  QStringList different;
  const auto ours = nlohmann::ordered_json::parse(experiment.options, nullptr, false),
             theirs = nlohmann::ordered_json::parse(first->experiment->options, nullptr, false);
  if (ours.is_object() && theirs.is_object())
    for (const auto& [name, value] : ours.items())
      if (!theirs.contains(name) || theirs[name] != value)
        different << QString::fromStdString(name + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
  if (different.size() > kMost) different = different.first(kMost) << QStringLiteral("…");
  return different.isEmpty() ? title : title + QLatin1Char(' ') + different.join(QLatin1Char(' '));
}

QString Experiments::free_label(const QString& wanted, int except) const {
  const auto taken = [&](const QString& label) {
    return std::ranges::any_of(all_,
                               [&](const OpenExperiment& open) { return open.id != except && open.label == label; });
  };
  QString label = wanted;
  for (int i = 2; taken(label); ++i) label = QStringLiteral("%1 %2").arg(wanted).arg(i);
  return label;
}

QColor Experiments::free_colour() const {
  for (const QRgb colour : kColours)
    if (std::ranges::none_of(all_, [&](const OpenExperiment& open) { return open.colour.rgb() == colour; }))
      return colour;
  return kColours[all_.size() % kColours.size()];
}

/// One after the other, the current one first.
void Experiments::count_next() {
  if (counting_.is_running()) return;
  const OpenExperiment* next = current();
  if (!next || next->curves) {
    const auto found = std::ranges::find(all_, nullptr, &OpenExperiment::curves);
    if (found == all_.end()) return;
    next = &*found;
  }
  counting_.start([experiment = next->experiment](
                      const Progress&) { return std::make_shared<const Curves>(curves_of(experiment->evaluation)); },
                  [this, id = next->id, experiment = next->experiment](std::shared_ptr<const Curves> curves) {
                    if (OpenExperiment* open = entry(id); open && open->experiment == experiment) {
                      open->curves = std::move(curves);
                      Q_EMIT changed();
                    }
                    count_next();
                  });
}

}  // namespace relocus
