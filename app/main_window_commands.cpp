// What a person can ask of the window itself; views add their own commands where they are made.
#include <QActionGroup>
#include <QFileDialog>

#include "app/command_palette.h"
#include "app/importer.h"
#include "app/main_window.h"
#include "app/manual_dialog.h"
#include "widgets/failure_table.h"
#include "widgets/frame_bar.h"

namespace relocus {

void MainWindow::add_commands() {
  auto& a = actions_;
  const auto tool = [](Command command, const char* icon) {
    command.icon = icon;
    command.in_tool_bar = true;
    return command;
  };
  const auto section = [](Command command) {
    command.new_section = true;
    return command;
  };

  a.add(tool({"file.open", tr("&Open …"), QKeySequence::Open, tr("Open a sequence or an experiment"), "File"}, "open"),
        [this] { ask_for_folder(); });
  a.menu("File/" + tr("Open recent"));
  a.add({"file.sample",
         tr("&Make a sample sequence …"),
         {},
         tr("Makes a city and drives through it"),
         "File",
         Needs::Nothing,
         "sample"},
        [this] { ask_for_sample(); });
  a.add(section(tool({"file.save", tr("&Save experiment as …"), QKeySequence::Save,
                      tr("Save the experiment as a folder"), "File", Needs::Experiment},
                     "save")),
        [this] { ask_where_to_save(); });
  a.add(section({"file.open_session",
                 tr("Open sess&ion …"),
                 {},
                 tr("What was looked at, with its choices and layout"),
                 "File"}),
        [this] { ask_for_session(); });
  a.add({"file.save_session", tr("Save sessio&n as …"), QKeySequence("Ctrl+Shift+S"),
         tr("What you look at: paths, protocol, method, pair, threshold and layout"), "File", Needs::Sequence},
        [this] { ask_where_to_save_session(); });
  a.add(
      {"file.recover", tr("Re&cover"), {}, tr("Brings back what was open when the program ended unexpectedly"), "File"},
      [this] { recover(); });
  a.enable("file.recover", false, tr("Nothing was lost: the program ended as it should."));
  auto* importer = new Importer(session_, this);
  a.add(section({"file.import",
                 tr("&Import results …"),
                 {},
                 tr("Answers or descriptors that others made on this sequence: .csv, .txt, .json, .npy, .npz, Kapture"),
                 "File",
                 Needs::Sequence}),
        [this, importer] {
          const QString file = QFileDialog::getOpenFileName(this, tr("Import results on this sequence"));
          if (!file.isEmpty()) importer->import(file.toStdString());
        });
  a.menu("File/" + tr("Export"));
  a.add(section({"file.quit", tr("&Quit"), QKeySequence("Ctrl+Q"), tr("Close the window"), "File"}),
        [this] { close(); });

  a.add({"edit.undo", tr("&Undo"), QKeySequence("Ctrl+Z"), tr("Takes the last change back"), "Edit"},
        [this] { session_.undo_stack().undo(); });
  a.add({"edit.redo", tr("&Redo"), QKeySequence("Ctrl+Shift+Z"), tr("Makes the undone change again"), "Edit"},
        [this] { session_.undo_stack().redo(); });

  a.add({"go.back", tr("&Back"), QKeySequence("Alt+Left"), tr("To the pair that was looked at before"), "Go"},
        [this] { session_.go_back(); });
  a.add({"go.forward", tr("F&orward"), QKeySequence("Alt+Right"), tr("To the pair from which Back came"), "Go"},
        [this] { session_.go_forward(); });
  a.add(section({"go.play", tr("&Play or pause"), QKeySequence("Space"), tr("Frame after frame, as they were driven"),
                 "Go", Needs::Sequence}),
        [this] { frames_->play(!frames_->is_playing()); });
  a.add({"go.next_frame", tr("Next &frame"), QKeySequence("Right"), tr("The next frame is the query"), "Go",
         Needs::Sequence},
        [this] { session_.step(1); });
  a.add({"go.previous_frame", tr("&Previous frame"), QKeySequence("Left"), tr("The frame before is the query"), "Go",
         Needs::Sequence},
        [this] { session_.step(-1); });
  a.add({"go.to_frame", tr("&Go to frame …"), QKeySequence("Ctrl+G"), tr("The frame whose file has a number"), "Go",
         Needs::Sequence},
        [this] { ask_for_frame(); });

  a.add(tool({"run.run", tr("&Run the method"), QKeySequence("Ctrl+R"),
              tr("Encodes every scan, searches and evaluates; what was computed before is taken over"), "Run",
              Needs::Sequence},
             "run"),
        [this] { session_.run(); });
  a.add(tool({"run.cancel", tr("&Cancel"), QKeySequence("Esc"), tr("Ends what is being computed"), "Run"}, "cancel"),
        [this] { session_.cancel_something(); });
  a.enable("run.cancel", false, tr("Nothing is being computed."));
  a.add(section({"run.check",
                 tr("Read &every scan"),
                 {},
                 tr("Check the data: read every scan"),
                 "Run",
                 Needs::Sequence,
                 "check"}),
        [this] { session_.check_every_scan(); });

  a.add(tool(section({"go.previous_candidate", tr("P&revious candidate"), QKeySequence("P"),
                      tr("The candidate that ranks one higher"), "Go", Needs::Experiment}),
             "previous_candidate"),
        [this] { session_.step_candidate(-1); });
  a.add(tool({"go.next_candidate", tr("&Next candidate"), QKeySequence("N"), tr("The candidate that ranks one lower"),
              "Go", Needs::Experiment},
             "next_candidate"),
        [this] { session_.step_candidate(1); });
  a.add(tool(section({"go.next_failure", tr("Next f&ailure"), QKeySequence("F"),
                      tr("The failure below this one in the table of failures"), "Go", Needs::Experiment}),
             "next_failure"),
        [this] { failures_->next(); });

  auto* themes = new QActionGroup(this);
  const auto add_theme = [&](const char* id, const QString& text, const QString& tip, Theme theme) {
    auto* action = a.add({id, text, {}, tip, "View"}, [this, theme] { choose_theme(theme); });
    action->setCheckable(true);
    themes->addAction(action);
    return action;
  };
  add_theme("view.system", tr("Colours as the &desktop says"), tr("Light or dark as other programs are"), Theme::System)
      ->setChecked(true);
  add_theme("view.light", tr("&Light colours"), tr("Dark on light"), Theme::Light);
  add_theme("view.dark", tr("&Dark colours"), tr("Light on dark"), Theme::Dark);

  a.add({"help.manual", tr("&Manual"), QKeySequence("F1"),
         tr("How everything is done, what each protocol and method is, and how to add to them"), "Help"},
        [this] { show_manual(this); });
  a.add({"help.palette", tr("&Find a command …"), QKeySequence("Ctrl+K"), tr("Any command by a few of its letters"),
         "Help"},
        [this] { palette_->ask(); });
  a.add({"help.keyboard", tr("&Keyboard …"), QKeySequence("Ctrl+F1"),
         tr("Every command with its key, which can be changed"), "Help"},
        [this] { show_keyboard(); });
  a.add(section({"help.about", tr("&About Relocus"), {}, tr("Version and licence"), "Help"}), [this] { tell_about(); });

  a.tell_fixed_key(tr("Page Up, Page Down"), tr("100 frames back, on"), tr("In the frames bar"));
  a.tell_fixed_key(tr("Home, End"), tr("First, last frame"), tr("In the frames bar"));
  a.tell_fixed_key(tr("R, T"), tr("Reset the view, look from above"), tr("In views of scans"));
  a.tell_fixed_key(tr("+, -"), tr("Zoom"), tr("In ground plans"));
}

}  // namespace relocus
