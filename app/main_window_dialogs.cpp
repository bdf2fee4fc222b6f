// What the window asks of a person.
#include <QFileDialog>
#include <QInputDialog>
#include <QMessageBox>
#include <algorithm>

#include "app/keyboard_dialog.h"
#include "app/main_window.h"
#include "app/sample_dialog.h"
#include "core/environment.h"

namespace relocus {

void MainWindow::ask_for_folder() {
  const QString folder =
      QFileDialog::getExistingDirectory(this, tr("Open a sequence, a data set or an experiment: choose its folder"));
  if (!folder.isEmpty()) session_.open(folder.toStdString());
}

void MainWindow::ask_for_sequence_of(const std::filesystem::path& experiment) {
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Where is the sequence of this experiment now?"));
  if (!folder.isEmpty()) session_.open(experiment, folder.toStdString());
}

void MainWindow::ask_where_to_save() {
  const QString folder = QFileDialog::getSaveFileName(this, tr("Save the experiment as a folder"), {}, {}, nullptr,
                                                      QFileDialog::ShowDirsOnly);
  if (!folder.isEmpty()) session_.save_experiment(folder.toStdString());
}

void MainWindow::ask_for_sample() {
  SampleDialog dialog(this);
  if (dialog.exec() == QDialog::Accepted) session_.simulate(dialog.folder(), dialog.options());
}

void MainWindow::ask_which(const std::filesystem::path& root, const std::vector<std::filesystem::path>& sequences) {
  QStringList names;
  for (const auto& sequence : sequences) names += QString::fromStdString(sequence.lexically_relative(root).string());
  auto* dialog = new QInputDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setObjectName("which_sequence");
  dialog->setWindowTitle(tr("Which sequence?"));
  dialog->setLabelText(tr("%1 holds %2 sequences:").arg(QString::fromStdString(root.string())).arg(names.size()));
  dialog->setOption(QInputDialog::UseListViewForComboBoxItems);
  dialog->setComboBoxItems(names);
  connect(dialog, &QInputDialog::textValueSelected, this, [this, names, sequences](const QString& chosen) {
    if (const auto index = names.indexOf(chosen); index >= 0) session_.open(sequences[std::size_t(index)]);
  });
  dialog->open();
}

void MainWindow::ask_for_frame() {
  const auto& opened = session_.opened();
  if (!opened) return;
  const auto& frames = opened->sequence.frames;
  const auto present = frames[std::size_t(std::max(session_.query(), 0))].number;
  bool chosen = false;
  const int number = QInputDialog::getInt(this, tr("Go to frame"), tr("Number of the frame's file"), int(present),
                                          int(frames.front().number), int(frames.back().number), 1, &chosen);
  if (chosen) session_.select_number(number);
}

void MainWindow::ask_name_of_layout() {
  bool chosen = false;
  const QString name =
      QInputDialog::getText(this, tr("Save layout"), tr("Name of the layout"), QLineEdit::Normal, {}, &chosen);
  if (chosen) save_layout(name);
}

void MainWindow::ask_which_layout_to_forget() {
  QStringList names;
  for (auto* action : actions_.menu("Window/" + tr("Saved layouts"))->actions()) names += plain_text(action->text());
  bool chosen = false;
  const QString name = QInputDialog::getItem(this, tr("Forget a layout"), tr("Layout"), names, 0, false, &chosen);
  if (chosen) forget_layout(name);
}

void MainWindow::show_keyboard() {
  auto* dialog = findChild<KeyboardDialog*>();
  if (!dialog) dialog = new KeyboardDialog(actions_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->show();  // beside the window: a key can be tried while the list is read
  dialog->raise();
  dialog->activateWindow();
}

void MainWindow::tell_about() {
  QMessageBox::about(this, tr("About Relocus"),
                     tr("<h3>Relocus %1</h3><p>A workbench for place recognition: it opens LiDAR sequences, finds the "
                        "places that were visited before, and shows why it thinks so.</p><p>MIT licence.</p>")
                         .arg(QString::fromStdString(version())));
}

}  // namespace relocus
