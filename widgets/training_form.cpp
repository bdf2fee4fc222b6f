#include "widgets/training_form.h"

#include <QBoxLayout>
#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QMenu>
#include <QPushButton>
#include <QSignalBlocker>
#include <QSpinBox>
#include <QToolButton>
#include <algorithm>

#include "widgets/options_form.h"

namespace relocus {
namespace {

QStringList texts(const QListWidget& list) {
  QStringList all;
  for (int row = 0; row < list.count(); ++row) all << list.item(row)->toolTip();
  return all;
}

std::vector<std::filesystem::path> paths(const QListWidget& list) {
  std::vector<std::filesystem::path> all;
  for (const QString& text : texts(list)) all.emplace_back(text.toStdString());
  return all;
}

QStringList strings(const std::vector<std::filesystem::path>& paths) {
  QStringList all;
  for (const auto& path : paths) all << QString::fromStdString(path.string());
  return all;
}

/// "key=value" of every option that is not as it comes.
std::vector<std::string> assignments(const nlohmann::ordered_json& values, const nlohmann::ordered_json& defaults) {
  std::vector<std::string> changed;
  for (const auto& [key, value] : values.items())
    if (!defaults.contains(key) || defaults.at(key) != value)
      changed.push_back(key + "=" +
                        (value.is_string()    ? value.get<std::string>()
                         : value.is_boolean() ? std::string(value.get<bool>() ? "on" : "off")
                                              : value.dump()));
  return changed;
}

}  // namespace

TrainingForm::TrainingForm(QWidget* parent) : QWidget(parent) {
  method_ = new QComboBox;
  method_->setToolTip(tr("Method whose networks learn"));
  method_->setAccessibleName(tr("Method to train"));
  stage_ = new QComboBox;
  stage_->setToolTip(tr("Part of the method that learns; all: one after the other"));
  stage_->setAccessibleName(tr("Stage to train"));
  out_ = new QLineEdit;
  out_->setPlaceholderText(tr("a new folder"));
  out_->setToolTip(tr("Folder of the training: curves, checkpoints, and at the end the weights"));
  out_->setAccessibleName(tr("Folder of the training"));
  weights_ = new QLineEdit;
  weights_->setPlaceholderText(tr("random numbers"));
  weights_->setToolTip(tr("Weights to begin with: a file or a folder; none: random ones by the seed"));
  weights_->setAccessibleName(tr("Weights to begin with"));
  device_ = new QComboBox;
  device_->addItems({"auto", "cpu", "cuda"});
  device_->setToolTip(tr("Where it computes"));
  device_->setAccessibleName(tr("Device to train on"));
  threads_ = new QSpinBox;
  threads_->setRange(0, 1024);
  threads_->setSpecialValueText(tr("one per core"));
  threads_->setToolTip(tr("Threads that compute"));
  threads_->setAccessibleName(tr("Threads that train"));
  half_ = new QCheckBox(tr("Weights in half precision"));
  half_->setToolTip(tr("The files of weights are half as large"));
  options_ = new OptionsForm;
  start_ = new QPushButton(tr("Start"));
  start_->setToolTip(tr("Trains in a process of its own, which goes on when the window is closed"));
  stop_ = new QPushButton(tr("Stop"));
  stop_->setToolTip(tr("Ends the training behind the present step; what was learned is kept"));
  resume_ = new QPushButton(tr("Resume"));
  resume_->setToolTip(tr("Goes on from the last checkpoint of the folder, as if it had not been stopped"));
  watch_ = new QPushButton(tr("Watch a run …"));
  watch_->setToolTip(tr("Shows the curves of a training in a folder, whoever runs it"));
  start_->setObjectName("train_start"), stop_->setObjectName("train_stop");
  resume_->setObjectName("train_resume"), watch_->setObjectName("train_watch");
  words_ = new QLabel;
  words_->setWordWrap(true);
  words_->setTextInteractionFlags(Qt::TextSelectableByMouse);

  const auto with_button = [this](QLineEdit* line, const QString& tip, auto signal) {
    auto* row = new QWidget;
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    auto* button = new QToolButton;
    button->setText(QStringLiteral("…"));
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    connect(button, &QToolButton::clicked, this, signal);
    layout->addWidget(line, 1);
    layout->addWidget(button);
    return row;
  };
  auto* top = new QFormLayout;
  top->addRow(tr("Method"), method_);
  top->addRow(tr("Stage"), stage_);
  auto* where = new QFormLayout;
  where->addRow(tr("Folder"), with_button(out_, tr("Choose the folder of the training"), &TrainingForm::out_wanted));
  where->addRow(tr("Begin with"),
                with_button(weights_, tr("Choose weights to begin with"), &TrainingForm::weights_wanted));
  where->addRow(tr("Device"), device_);
  where->addRow(tr("Threads"), threads_);
  where->addRow(QString(), half_);
  for (QFormLayout* form : {top, where}) form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  auto* buttons = new QGridLayout;
  buttons->addWidget(start_, 0, 0);
  buttons->addWidget(stop_, 0, 1);
  buttons->addWidget(resume_, 1, 0);
  buttons->addWidget(watch_, 1, 1);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(8, 6, 8, 6);
  column->addLayout(top);
  column->addWidget(make_list(tr("Sequences to learn from"), tr("Folders of sequences with poses"), false, learnt_));
  column->addWidget(make_list(tr("Sequences held out"), tr("Never learned from: the best weights are chosen by them"),
                              true, held_out_));
  column->addLayout(where);
  column->addLayout(buttons);
  column->addWidget(words_);
  column->addWidget(options_);
  column->addStretch();
  connect(start_, &QPushButton::clicked, this, &TrainingForm::start_wanted);
  connect(stop_, &QPushButton::clicked, this, &TrainingForm::stop_wanted);
  connect(resume_, &QPushButton::clicked, this, &TrainingForm::resume_wanted);
  connect(watch_, &QPushButton::clicked, this, &TrainingForm::watch_wanted);
  connect(method_, &QComboBox::currentIndexChanged, this, &TrainingForm::fill_stages);
  connect(stage_, &QComboBox::currentIndexChanged, this, &TrainingForm::fill_options);
  connect(out_, &QLineEdit::textChanged, this, &TrainingForm::show_what_is_missing);
  show_what_is_missing();
}

QWidget* TrainingForm::make_list(const QString& title, const QString& tip, bool held_out, QListWidget*& list) {
  constexpr int kHeight = 84;  // [px] some four folders
  list = new QListWidget;
  list->setToolTip(tip);
  list->setAccessibleName(title);
  list->setSelectionMode(QAbstractItemView::ExtendedSelection);
  list->setFixedHeight(kHeight);
  list->setTextElideMode(Qt::ElideLeft);
  auto* add = new QToolButton;
  add->setText(tr("Add"));
  add->setToolTip(tr("Adds folders, the open sequence, or simulated cities"));
  add->setAccessibleName(held_out ? tr("Add held-out sequences") : tr("Add sequences to learn from"));
  add->setPopupMode(QToolButton::InstantPopup);
  auto* menu = new QMenu(add);
  menu->addAction(tr("Folders …"), this, [this, held_out] { Q_EMIT folders_wanted(held_out); });
  auto* open = menu->addAction(tr("The open sequence"), this, [this, held_out] { add_sequences({open_}, held_out); });
  menu->addAction(tr("A simulated city"), this, [this, held_out] { Q_EMIT cities_wanted(held_out); });
  connect(menu, &QMenu::aboutToShow, this, [this, open] { open->setEnabled(!open_.isEmpty()); });
  add->setMenu(menu);
  auto* remove = new QToolButton;
  remove->setText(tr("Remove"));
  remove->setToolTip(tr("Takes the selected folders from the list; the folders stay as they are"));
  remove->setAccessibleName(held_out ? tr("Remove held-out sequences") : tr("Remove sequences to learn from"));
  connect(remove, &QToolButton::clicked, this, [this, list] {
    qDeleteAll(list->selectedItems());
    show_what_is_missing();
  });
  auto* part = new QWidget;
  auto* head = new QHBoxLayout;
  head->addWidget(new QLabel(title), 1);
  head->addWidget(add);
  head->addWidget(remove);
  auto* column = new QVBoxLayout(part);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(2);
  column->addLayout(head);
  column->addWidget(list);
  return part;
}

void TrainingForm::show_methods(const std::vector<std::pair<QString, QString>>& methods) {
  const QSignalBlocker quiet(method_);
  method_->clear();
  for (const auto& [name, title] : methods) method_->addItem(title, name);
  fill_stages();
}

void TrainingForm::fill_stages() {
  {
    const QSignalBlocker quiet(stage_);
    stage_->clear();
    const auto& stages = training_stages(method_->currentData().toString().toStdString());
    if (stages.size() > 1) stage_->addItem(tr("All, one after the other"), QString());
    for (const TrainingStage& each : stages)
      stage_->addItem(QString::fromStdString(each.title), QString::fromStdString(each.name));
  }
  fill_options();
}

const TrainingStage* TrainingForm::stage() const {
  const std::string wanted = stage_->currentData().toString().toStdString();
  for (const TrainingStage& each : training_stages(method_->currentData().toString().toStdString()))
    if (each.name == wanted) return &each;
  return nullptr;
}

/// Those of the stage; of all stages those that each has.
void TrainingForm::fill_options() {
  const TrainingStage* chosen = stage();
  options_->show_options([chosen]() -> std::unique_ptr<Options> {
    if (chosen) return chosen->options();
    return std::make_unique<TrainingOptions>();
  });
}

TrainingJob TrainingForm::job() const {
  TrainingJob job;
  job.method = method_->currentData().toString().toStdString();
  const TrainingStage* chosen = stage();
  if (chosen) job.stages = {chosen->name};
  job.sequences = paths(*learnt_), job.validation = paths(*held_out_);
  job.out = out_->text().trimmed().toStdString();
  job.start = weights_->text().trimmed().toStdString();
  job.half = half_->isChecked();
  job.device = device_->currentText().toStdString();
  job.threads = threads_->value();
  const auto defaults = chosen ? to_json(*chosen->options()) : to_json(TrainingOptions());
  job.assignments = assignments(options_->values(), defaults);
  return job;
}

void TrainingForm::show_job(const TrainingJob& job) {
  method_->setCurrentIndex(std::max(0, method_->findData(QString::fromStdString(job.method))));
  fill_stages();
  const QString wanted = job.stages.size() == 1 ? QString::fromStdString(job.stages.front()) : QString();
  stage_->setCurrentIndex(std::max(0, stage_->findData(wanted)));
  learnt_->clear(), held_out_->clear();
  add_sequences(strings(job.sequences), false);
  add_sequences(strings(job.validation), true);
  out_->setText(QString::fromStdString(job.out.string()));
  weights_->setText(QString::fromStdString(job.start.string()));
  half_->setChecked(job.half);
  device_->setCurrentText(QString::fromStdString(job.device));
  threads_->setValue(job.threads);
  const TrainingStage* chosen = stage();
  const auto made = [chosen]() -> std::unique_ptr<Options> {
    if (chosen) return chosen->options();
    return std::make_unique<TrainingOptions>();
  };
  const std::unique_ptr<Options> options = made();
  for (const std::string& assignment : job.assignments)
    if (to_json(*options).contains(assignment.substr(0, assignment.find('=')))) set_option(*options, assignment);
  options_->show_options(made, to_json(*options));
  show_what_is_missing();
}

void TrainingForm::add_sequences(const QStringList& folders, bool held_out) {
  QListWidget* list = held_out ? held_out_ : learnt_;
  for (const QString& folder : folders) {
    if (folder.isEmpty() || texts(*list).contains(folder)) continue;
    auto* item = new QListWidgetItem(folder, list);
    item->setToolTip(folder);
  }
  show_what_is_missing();
}

void TrainingForm::show_open_sequence(const QString& folder) { open_ = folder; }

void TrainingForm::show_running(bool running, bool can_be_stopped) {
  running_ = running, stoppable_ = can_be_stopped;
  show_what_is_missing();
}

void TrainingForm::show_simulating(const QString& sentence) {
  simulating_ = sentence;
  show_what_is_missing();
}

void TrainingForm::show_what_is_missing() {
  QString missing;
  if (learnt_->count() == 0)
    missing = tr("Add a sequence to learn from.");
  else if (held_out_->count() == 0)
    missing = tr("Add a sequence that is held out: it tells which weights are best.");
  else if (std::ranges::any_of(texts(*held_out_), [&](const QString& each) { return texts(*learnt_).contains(each); }))
    missing = tr("A sequence is both learned from and held out; take it from one of the lists.");
  else if (out_->text().trimmed().isEmpty())
    missing = tr("Name the folder of the training.");
  start_->setEnabled(missing.isEmpty() && !running_);
  resume_->setEnabled(missing.isEmpty() && !running_);
  stop_->setEnabled(running_ && stoppable_);
  if (running_) missing = stoppable_ ? QString() : tr("It is trained by another machine and can be stopped there.");
  if (!simulating_.isEmpty()) missing = simulating_;
  words_->setText(missing);
  words_->setVisible(!missing.isEmpty());
}

}  // namespace relocus
